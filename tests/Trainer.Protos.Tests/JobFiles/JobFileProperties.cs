using CsCheck;

namespace Trainer.Protos.Tests.JobFiles;

/// <summary>Properties over many random job files, the same ones at every run.</summary>
public sealed class JobFileProperties
{
    private const uint Seed = 2026;

    private static readonly string[] Examples = [.. Directory.GetFiles(Repository.Folder("examples"), "*.yaml").Order(StringComparer.Ordinal).Select(File.ReadAllText)];

    private static readonly Gen<(int At, int Length, string Insert)[]> Edits = Gen
        .Select(Gen.Int[0, 2000], Gen.Int[0, 40], Gen.String[Gen.Char["{}[],:-#&*!|>'\"%@`?~<\n\t \0éab019.e\u2028\ud800"], 0, 4])
        .Array[1, 4];

    private static readonly Gen<string> Words = Gen.String[Gen.Char["abcz-09"], 1, 12].Where(word => word[0] != '-' && word[^1] != '-');

    private static readonly Gen<double> Rates = Gen.OneOf(Gen.Double[1e-9, 1.0], Gen.OneOf(1e-300, 0.1, 1.0 / 3, 999_999.5));

    private static readonly Gen<Layer> PlainLayer = Gen.OneOf(
        Gen.Select(Gen.UInt[1, 65536], Gen.UInt[1, 1024].Array[1, 2], Gen.UInt[0, 1024].Array[0, 2], Gen.Bool, (channels, kernel, padding, bias) =>
            new Layer { Conv2D = new Conv2d { OutChannels = channels, KernelSize = { kernel }, Padding = { padding }, Bias = bias } }),
        Gen.UInt[1, 9].Select(size => new Layer { Conv2D = new Conv2d { OutChannels = size, KernelSize = { 3 }, AutoPadding = "same", Groups = size } }),
        Gen.UInt[1, 9].Select(size => new Layer { AvgPool2D = new AvgPool2d { KernelSize = { size }, CountIncludePad = false } }),
        Gen.UInt[1, 9].Array[1, 2].Select(size => new Layer { AdaptiveMaxPool2D = new AdaptiveMaxPool2d { OutputSize = { size } } }),
        Gen.UInt[1, 99].Select(size => new Layer { Linear = new Linear { OutFeatures = size, WeightInit = new Initializer { Kind = "kaiming_uniform" } } }),
        Gen.Double[0, 1].Select(p => new Layer { Dropout2D = new Dropout2d { P = p } }),
        Gen.Double[-2, 2].Select(slope => new Layer { LeakyRelu = new LeakyRelu { NegativeSlope = slope } }),
        Gen.Bool.Select(cumulative => new Layer { BatchNorm1D = new BatchNorm1d { Cumulative = cumulative } }),
        Gen.Const(0).Select(_ => new Layer { Gelu = new Gelu { Approximate = "tanh" } }),
        Gen.Const(0).Select(_ => new Layer { Flatten = new Flatten() }));

    private static readonly Gen<Layer> AnyLayer = Nested(Nested(PlainLayer));

    private static readonly Gen<Data> AnyData = Gen.OneOf(
        Gen.Const(0).Select(_ => new Data { Dataset = "fashion-mnist" }),
        Gen.Select(Gen.String[Gen.Char[' ', '~'], 1, 20], Gen.OneOf("null", "true", "é 'q' \"d\" \\ # : 日本"), Gen.Bool, (path, odd, shuffle) => new Data
        {
            Idx = new IdxFiles { TrainImages = Absolute(path), TrainLabels = Absolute(odd), TestImages = "/x", TestLabels = "/y" },
            Shuffle = shuffle,
        }));

    private static readonly Gen<JobSpec> Specs = Gen.Select(Words, AnyLayer.Array[0, 5], AnyData, Gen.ULong, Rates, Gen.Int[-1000, 1000], (name, layers, data, seed, lr, priority) =>
        new JobSpec
        {
            Name = name,
            Model = layers.Length == 0 ? new Model { Zoo = "lenet", Classes = 10 } : new Model { Layers = { layers } },
            Data = data,
            Training = new Training { Epochs = 1, BatchSize = 1048576, Seed = seed, Optimizer = new Optimizer { Sgd = new Sgd { Lr = lr, Momentum = 0 } } },
            Cluster = new ClusterSection { Priority = priority },
        });

    [Fact]
    public void Written_jobs_read_back_equal() => ForEach(Specs, 500, spec => Assert.Equal(spec, JobFile.Parse(JobFile.Write(spec), "/jobs/j.yaml")));

    [Fact]
    public void Defaults_make_good_jobs_and_nothing_is_left_to_fill() => ForEach(Specs, 500, spec =>
    {
        var filled = JobRules.WithDefaults(spec);
        Assert.Empty(JobRules.Validate(filled));
        Assert.Equal(filled, JobRules.WithDefaults(filled));
        Assert.Equal(filled, JobFile.Parse(JobFile.Write(filled), "/jobs/j.yaml"));
    });

    [Fact]
    public void Truncated_files_never_crash_the_reader() => Assert.All(Examples, text =>
    {
        for (var length = 0; length < text.Length; length++)
        {
            ReadOrRefuse(text[..length]);
        }
    });

    [Fact]
    public void Mutated_files_never_crash_the_reader() => ForEach(
        Gen.Select(Gen.Int[0, Examples.Length - 1], Edits),
        3000,
        sample =>
        {
            var text = Examples[sample.Item1];
            foreach ((var at, var length, var insert) in sample.Item2)
            {
                var start = Math.Min(at, text.Length);
                text = text[..start] + insert + text[Math.Min(text.Length, start + length)..];
            }
            ReadOrRefuse(text);
        });

    [Fact]
    public void Random_text_never_crashes_the_reader() => ForEach(Gen.String[Gen.Char["{}[],:-#&*!|>'\"%@`?~<\n\t ab1\\\r"], 0, 60], 5000, ReadOrRefuse);

    private static void ForEach<T>(Gen<T> samples, int count, Action<T> check)
    {
        var random = new PCG(1, Seed);
        for (var i = 0; i < count; i++)
        {
            var sample = samples.Generate(random, null, out _);
            try
            {
                check(sample);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"sample {i} of seed {Seed}: {sample}", error);
            }
        }
    }

    /// <summary>A job, or a refusal with at least one fault that has a place; any other exception fails the test.</summary>
    private static void ReadOrRefuse(string text)
    {
        try
        {
            Assert.Empty(JobRules.Validate(JobFile.Parse(text, "/jobs/j.yaml")));
        }
        catch (JobFileException error)
        {
            Assert.NotEmpty(error.Faults);
            Assert.All(error.Faults, fault => Assert.True(fault is { Line: > 0, Column: > 0, Problem.Length: > 0 }));
        }
    }

    /// <summary>Layers, and containers of them: names and empty lists in every place that may have them.</summary>
    private static Gen<Layer> Nested(Gen<Layer> inner) => Gen.OneOf(
        inner,
        Gen.Select(Gen.String[Gen.Char["azAZ09_"], 1, 64], inner, (name, layer) => new Layer { Name = name, Sequential = new Sequential { Layers = { layer.Clone() } } }),
        Gen.Select(inner, inner.Array[0, 2], (layer, shortcut) => new Layer { Residual = new Residual { Layers = { layer }, Shortcut = { shortcut } } }),
        inner.Array[0, 2].Array[1, 3].Select(branches =>
            new Layer { Concat = new Concat { Branches = { branches.Select(branch => new Branch { Layers = { branch } }) } } }));

    private static string Absolute(string path) => Path.GetFullPath("/d/" + path.Replace('.', '_'));
}
