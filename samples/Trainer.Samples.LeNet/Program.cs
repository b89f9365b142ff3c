// LeNet on Fashion-MNIST on this machine's CPU, with the library alone: Trainer.Samples.LeNet [epochs] [samples] [seed]
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;

var numbers = args.Select(int.Parse).ToArray();
var (epochs, samples, seed) = (numbers.ElementAtOrDefault(0), numbers.ElementAtOrDefault(1), numbers.ElementAtOrDefault(2));
var (train, test) = KnownDataSet.FashionMnist.Load();
using var device = CpuDevice.Create();
using var trainer = new LocalTrainer(Zoo.LeNet(), device, new Sgd(LearningRate: 0.9f), batchSize: 256, (ulong)seed);
for (var epoch = 1; epoch <= (epochs > 0 ? epochs : 10); epoch++)
{
    var result = trainer.TrainEpoch(samples > 0 ? train.Take(samples) : train);
    var accuracy = trainer.Evaluate(test).Accuracy;
    Console.WriteLine($"epoch {epoch}: loss {result.Loss:F4}, test accuracy {accuracy:P2}, {result.ImagesPerSecond:F0} images/s");
}

Console.WriteLine($"lenet.safetensors {trainer.Save("lenet.safetensors")}");
