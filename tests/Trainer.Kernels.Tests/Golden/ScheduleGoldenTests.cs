using System.Text.Json;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Golden;

/// <summary>Learning rates beside those of torch.optim.lr_scheduler (schedules.py).</summary>
public sealed class ScheduleGoldenTests
{
    private static readonly Dictionary<string, JsonElement> All = GoldenValues.Load("schedules.json")
        .GetProperty("cases").EnumerateArray().ToDictionary(golden => golden.Text("name"));

    private static readonly Dictionary<string, JsonElement> Sections = GoldenValues.Load("schedules.json")
        .GetProperty("sections").EnumerateArray().ToDictionary(golden => golden.Text("name"));

    private static readonly Dictionary<string, JsonElement> Plateaus = GoldenValues.Load("schedules.json")
        .GetProperty("plateaus").EnumerateArray().ToDictionary(golden => golden.Text("name"));

    public static TheoryData<string> SectionCases => [.. Sections.Keys];

    public static TheoryData<string> Cases => [.. All.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Rates_are_those_of_pytorch(string name)
    {
        var golden = All[name];
        var schedule = Read(golden.GetProperty("schedule"));
        var rates = golden.Doubles("rates");
        for (var step = 0; step < rates.Length; step++)
        {
            var rate = schedule.Rate(golden.GetProperty("lr").GetDouble(), step, new TrainingLength(1, StepsOf(golden) ?? rates.Length));
            Assert.True(Math.Abs(rate - rates[step]) <= 1e-8 * rates.Max(), $"{name}: {rate:R} at step {step}, PyTorch has {rates[step]:R}");
        }
    }

    /// <summary>One-cycle moves every step; what moves by epochs stands still within them.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Epochs_of_three_steps(string name)
    {
        var schedule = Read(All[name].GetProperty("schedule"));
        var rates = All[name].Doubles("rates");
        var length = new TrainingLength(3, rates.Length);
        if (schedule is OneCycleSchedule or { Warmup: not null })
        {
            Assert.NotEqual(schedule.Rate(0.1, 1, length), schedule.Rate(0.1, 2, length));
            return;
        }

        for (var step = 0; step < rates.Length; step++)
        {
            Assert.Equal(rates[step / 3], schedule.Rate(All[name].GetProperty("lr").GetDouble(), step, length), 1e-8);
        }
    }

    /// <summary>What follows from the length of training: every step of a job's section.</summary>
    [Theory]
    [MemberData(nameof(SectionCases))]
    public void Rates_of_a_training_section_are_those_of_pytorch(string name)
    {
        var golden = Sections[name];
        var rates = golden.Doubles("rates");
        var section = golden.GetProperty("schedule").GetRawText();
        var recipe = TrainingRecipe.FromJson($$$"""{"epochs":{{{golden.Int("epochs")}}},"optimizer":{"sgd":{"lr":1}},"schedule":{{{section}}}}""");
        var length = new TrainingLength(golden.Int("steps_per_epoch"), recipe.Epochs);
        for (var step = 0; step < rates.Length; step++)
        {
            var rate = recipe.Schedule.Rate(golden.GetProperty("lr").GetDouble(), step, length);
            Assert.True(Math.Abs(rate - rates[step]) <= 1e-8 * rates.Max(), $"{name}: {rate:R} at step {step}, PyTorch has {rates[step]:R}");
        }
    }

    public static TheoryData<string> PlateauCases => [.. Plateaus.Keys];

    /// <summary>Told of everything before an epoch; at every step of it; and behind a warm-up of five epochs, as if there had been none.</summary>
    [Theory]
    [MemberData(nameof(PlateauCases))]
    public void Rates_behind_what_epochs_came_to_are_those_of_pytorch(string name)
    {
        const int Steps = 3, Warm = 5;
        var golden = Plateaus[name];
        var (rates, lr) = (golden.Doubles("rates"), golden.GetProperty("lr").GetDouble());
        var recipe = TrainingRecipe.FromJson($$$"""{"epochs":99,"optimizer":{"sgd":{"lr":1}},"schedule":{{{golden.GetProperty("schedule").GetRawText()}}}}""");
        var epochs = golden.Doubles("thousandths").Select(value => new PassSums(value, 1000, (long)value, 1000, 1000))
            .Select(sums => new EpochSums(sums, recipe.Schedule.LooksAtEvaluations ? sums : default)).ToList();
        var better = new EpochSums(new(-1, 1, 1, 1, 1), new(-1, 1, 1, 1, 1));
        var warm = recipe.Schedule with { Warmup = new Warmup(Epochs: Warm) };
        for (var epoch = 0; epoch < rates.Length; epoch++)
        {
            var past = epochs[..epoch];
            Assert.Equal(rates[epoch], recipe.Schedule.Rate(lr, epoch * Steps, new TrainingLength(Steps, 99) { Past = past }), 1e-9);
            Assert.Equal(rates[epoch], recipe.Schedule.Rate(lr, (epoch * Steps) + 2, new TrainingLength(Steps, 99) { Past = past }), 1e-9);
            Assert.Equal(rates[epoch], recipe.Schedule.Rate(lr, (epoch + 7) * Steps, new TrainingLength(Steps, 99) { Past = past }), 1e-9);
            past = [.. Enumerable.Repeat(better, Warm), .. past];
            Assert.Equal(rates[epoch], warm.Rate(lr, (Warm + epoch) * Steps, new TrainingLength(Steps, 99) { Past = past }), 1e-9);
        }
    }

    /// <summary>torch divides by zero here: (pct_start x steps) is one step.</summary>
    [Theory]
    [InlineData(10, 0.1)]
    [InlineData(1, 1)]
    public void One_cycle_has_its_peak_at_a_first_phase_of_one_step(int steps, double pctStart)
    {
        var (schedule, length) = (new OneCycleSchedule(0.5, pctStart), new TrainingLength(1, steps));
        Assert.Equal(0.5, schedule.Rate(0.1, 0, length));
        Assert.All(Enumerable.Range(1, steps), step => Assert.InRange(schedule.Rate(0.1, step, length), 0, 0.5));
    }

    [Fact]
    public void A_rate_that_is_not_finite_names_the_schedule()
    {
        var model = new Model(new Shape(1, 2, 2), new Flatten(), new Linear(2));
        var recipe = new TrainingRecipe(new Sgd(1)) { Schedule = new ExponentialSchedule(1e20) { Warmup = new Warmup(1, StartFactor: 0.5) } };
        using var device = CpuDevice.Create(1);
        using var network = new Network(model, device, recipe, new NetworkOptions(3));
        network.Initialize(1);
        network.State.Progress = network.State.Progress with { Updates = 2 };
        network.Apply();
        network.States.Flip();
        var weights = network.Weights.ToArray();

        var refused = Assert.Throws<NotFiniteNumberException>(() => network.Apply());
        Assert.Equal("training.schedule: exponential makes the learning rate 1E+40 after 3 steps; it must stay below 3.4E+38", refused.Message);
        Assert.Equal(3, network.State.Progress.Updates);
        Assert.Equal(weights, network.Weights.ToArray());
    }

    /// <summary>What one-cycle is told of the training's length; others ask for none.</summary>
    private static int? StepsOf(JsonElement golden) =>
        golden.GetProperty("schedule").TryGetProperty("one_cycle", out var options) ? options.Int("total_steps") : null;

    private static LearningRateSchedule Read(JsonElement golden)
    {
        var schedule = golden.EnumerateObject().Where(property => property.Name != "warm_up").Select(property => Read(property.Name, property.Value)).Single();
        return golden.TryGetProperty("warm_up", out var warm)
            ? schedule with { Warmup = new Warmup(warm.Int("total_iters"), null, warm.GetProperty("start_factor").GetDouble()) }
            : schedule;
    }

    private static LearningRateSchedule Read(string kind, JsonElement options)
    {
        double Option(string option, double standard) => options.TryGetProperty(option, out var value) ? value.GetDouble() : standard;
        return kind switch
        {
            "constant" => LearningRateSchedule.Constant,
            "step" => new StepSchedule(options.Int("step_size"), Option("gamma", 0.1)),
            "multi_step" => new MultiStepSchedule([.. options.Doubles("milestones").Select(milestone => (int)milestone)], Option("gamma", 0.1)),
            "exponential" => new ExponentialSchedule(Option("gamma", 0)),
            "cosine" => new CosineSchedule(options.Int("t_max"), Option("eta_min", 0)),
            "one_cycle" => new OneCycleSchedule(
                Option("max_lr", 0), Option("pct_start", 0.3), Option("div_factor", 25), Option("final_div_factor", 1e4)),
            _ => throw new InvalidDataException($"No such schedule: {kind}."),
        };
    }
}
