using System.Globalization;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;

namespace Trainer.Benchmarks;

/// <summary>
/// <c>precision [network] [lr] [epochs] [seeds] [width] [images] [test images]</c>: what each precision does to a training on Fashion-MNIST, as it is (28 x 28),
/// on this machine's CPU, which emulates TF32. Accuracy only: its speed says nothing.
/// </summary>
internal static class PrecisionCommand
{
    public static int Run(string[] args)
    {
        var (name, rate) = (args.ElementAtOrDefault(0) ?? "lenet", Number(args, 1, 0.9));
        var (epochs, seeds, width) = ((int)Number(args, 2, 10), (args.ElementAtOrDefault(3) ?? "0,1,2").Split(','), Number(args, 4, 1));
        var (train, test) = KnownDataSet.FashionMnist.Load();
        (train, test) = (train.Take((int)Number(args, 5, train.Count)), test.Take((int)Number(args, 6, test.Count)));
        var model = Zoo.Create(name, train.Shape, train.Classes, new ZooOptions(width));
        using var device = CpuDevice.Create(1);
        foreach (var seed in seeds.Select(text => ulong.Parse(text, CultureInfo.InvariantCulture)))
        {
            foreach (var precision in Precision.All)
            {
                Console.WriteLine(Train(model, device, new TrainingRecipe(new Sgd(rate)) { Precision = precision }, seed, epochs, train, test));
            }
        }

        return 0;
    }

    private static string Train(Model model, Device device, TrainingRecipe recipe, ulong seed, int epochs, DataSet train, DataSet test)
    {
        using var trainer = new LocalTrainer(model, device, recipe, batchSize: 256, seed);
        var (loss, last, best) = (0.0, 0.0, 0.0);
        for (var epoch = 1; epoch <= epochs; epoch++)
        {
            loss = trainer.TrainEpoch(train).Loss;
            last = trainer.Evaluate(test).Accuracy;
            best = Math.Max(best, last);
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"seed {seed}  compute {recipe.Precision.ComputeWord,-5}  gradients {recipe.Precision.GradientsWord}  loss {loss:0.0000}  test {last:0.0000}  best {best:0.0000}");
    }

    private static double Number(string[] args, int index, double otherwise) =>
        index < args.Length ? double.Parse(args[index], CultureInfo.InvariantCulture) : otherwise;
}
