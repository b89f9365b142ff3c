using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Trainer.Differential.Tests.Generation;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Protos;

namespace Trainer.Differential.Tests.Running;

/// <summary>
/// Trains a case on both sides and compares. PyTorch trains in float64; we in float32, whose every operation errs by up to 6e-8 of its result. A few steps
/// of small networks carry that to some 1e-7 of a tensor's largest value; <see cref="Rounding"/> leaves a factor of 30. What
/// errs by more is compared with what rounding does to PyTorch's own numbers in this case: it trains again in float32, from weights that are perturbed by
/// one part in 2^23, until one of these runs is as far from the exact one as we are (<see cref="NoiseFactor"/>), or many have not been.
/// </summary>
/// <remarks>
/// Such cases have gradients that are zero but for rounding, which Adam scales up to whole steps (a bias before batch norm), variances near 0,
/// or elements so near the kink of a relu, or two so near each other in a maximum, that rounding decides about them.
/// </remarks>
internal sealed class Judge(Device device, PyTorch pytorch)
{
    public const double Rounding = 1e-5, NoiseFactor = 8, Hopeless = 0.3;

    private const int NoiseRuns = 4, MostNoiseRuns = 64;
    private const double Noise = 1.0 / (1 << 23), Huge = 1e30;

    /// <summary>
    /// What we refuse on purpose though PyTorch takes it: a set without anything to learn from or to be judged by, whose loss is NaN there; and what PyTorch
    /// takes with a warning that it will not for ever, or stretches (broadcasts) so that it fits.
    /// </summary>
    private static readonly string[] Rules = ["which the loss ignores", "dropout2d takes (channels, height, width)", "expected equal shapes to add"];

    public Verdict Of(Case tried)
    {
        var folder = Directory.CreateTempSubdirectory("trainer-differential-").FullName;
        try
        {
            tried.Write(folder);
            return Of(tried, folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private Verdict Of(Case tried, string folder)
    {
        Trained? ours = null;
        var (refusal, weights) = ("", Array.Empty<float>());
        try
        {
            (ours, weights) = LibraryRun.Train(tried, folder, device);
        }
        catch (Exception refused) when (refused is ModelException or JobFileException or DataFileException or ArgumentException or NotFiniteNumberException)
        {
            refusal = $"{refused.GetType().Name}: {refused.Message}";
        }

        var exact = Train(tried, folder, [Run("float64", 0, 0)]);
        if (ours is null || exact.Runs is null)
        {
            return OfRefusal();
        }

        var workers = LibraryRun.TrainSharded(tried, folder, device);
        if (!workers.AsSpan().SequenceEqual(weights))
        {
            var first = workers.AsSpan().CommonPrefixLength(weights);
            return new Verdict(Outcome.WorkersDiffer, $"{tried.Workers} workers: element {first} of the state is {workers[first]:R}; on one worker {weights[first]:R}");
        }

        return Compare(tried, folder, ours, exact.Runs[0]);

        Verdict OfRefusal() => (refusal, exact.Runs) switch
        {
            ("", _) => new Verdict(Outcome.RefusedByPyTorch, exact.Refusal),
            (_, null) => new Verdict(Outcome.RefusedByBoth, $"{refusal}\n{exact.Refusal}"),
            _ when refusal.StartsWith(nameof(NotFiniteNumberException), StringComparison.Ordinal) && IsHuge(exact.Runs[0]) => new Verdict(Outcome.Diverged, refusal),
            _ when Rules.Any(rule => refusal.Contains(rule, StringComparison.Ordinal)) => new Verdict(Outcome.RefusedByRule, refusal),
            _ => new Verdict(Outcome.RefusedByUs, refusal),
        };
    }

    private Verdict Compare(Case tried, string folder, Trained ours, Trained exact)
    {
        var deviations = Comparison.Deviations(ours, exact);
        var error = exact.Tensors.Keys.Max(name => deviations[name]);
        var open = deviations.Where(deviation => deviation.Value > Rounding).ToDictionary();
        if (open.Count == 0)
        {
            return new Verdict(Outcome.Equal, Error: error);
        }

        var noise = open.Keys.ToDictionary(name => name, _ => 0.0);
        for (var seed = 0; seed < MostNoiseRuns && open.Count > 0; seed += NoiseRuns)
        {
            var runs = Train(tried, folder, [.. Enumerable.Range(seed, NoiseRuns).Select(run => Run("float32", run == 0 ? 0 : Noise, run))]).Runs;
            foreach (var (name, deviation) in (runs ?? []).SelectMany(run => Comparison.Deviations(run, exact)).Where(pair => noise.ContainsKey(pair.Key)))
            {
                noise[name] = Math.Max(noise[name], deviation);
            }

            open = open.Where(deviation => deviation.Value > Rounding + (NoiseFactor * noise[deviation.Key])).ToDictionary();
        }

        return open.Count > 0 ? new Verdict(Outcome.Different, Describe(open, noise), error)
            : noise.Values.Max() > Hopeless ? new Verdict(Outcome.Chaotic, Describe(deviations.Where(pair => noise.ContainsKey(pair.Key)), noise), error)
            : new Verdict(Outcome.Sensitive, Describe(deviations.Where(pair => noise.ContainsKey(pair.Key)), noise), error);
    }

    private (Trained[]? Runs, string Refusal) Train(Case tried, string folder, JsonArray runs)
    {
        var answer = pytorch.Ask(new JsonObject { ["command"] = "train", ["job"] = tried.Job.DeepClone(), ["folder"] = folder, ["runs"] = runs });
        if (answer.TryGetProperty("broken", out var broken))
        {
            throw new BrokenReferenceException($"PyTorch/reference.py is broken: {broken}\n{tried}");
        }

        return answer.TryGetProperty("refused", out var refusal)
            ? (null, refusal.GetString()!)
            : ([.. answer.GetProperty("runs").EnumerateArray().Select(Read)], "");
    }

    private static JsonObject Run(string precision, double noise, int seed) => new() { ["precision"] = precision, ["noise"] = noise, ["seed"] = seed };

    private static Trained Read(JsonElement run) => new(
        [.. run.GetProperty("epochs").EnumerateArray().Select(epoch => PyTorch.Numbers(epoch)).Select(epoch => (MeasuredOf(epoch.AsSpan(0, 4)), MeasuredOf(epoch.AsSpan(4))))],
        run.GetProperty("tensors").EnumerateObject().ToDictionary(tensor => tensor.Name, tensor => PyTorch.Numbers(tensor.Value), StringComparer.Ordinal));

    /// <summary>Loss, counted, correct and unsure samples.</summary>
    private static Measured MeasuredOf(ReadOnlySpan<double> numbers) => new(numbers[0], numbers[2] / numbers[1], numbers[3] / numbers[1]);

    private static bool IsHuge(Trained trained) =>
        trained.Tensors.Values.SelectMany(values => values).Concat(trained.Epochs.Select(epoch => epoch.Training.Loss)).Any(value => !(Math.Abs(value) < Huge));

    private static string Describe(IEnumerable<KeyValuePair<string, double>> deviations, Dictionary<string, double> noise) => string.Join(
        "; ",
        deviations.OrderByDescending(pair => pair.Value).Take(6)
            .Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} deviates by {pair.Value:0.0e+0} (PyTorch's own float32: {noise[pair.Key]:0.0e+0})")));
}
