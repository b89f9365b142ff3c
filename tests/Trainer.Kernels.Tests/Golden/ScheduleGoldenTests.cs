using System.Text.Json;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Golden;

/// <summary>Learning rates beside those of torch.optim.lr_scheduler (schedules.py).</summary>
public sealed class ScheduleGoldenTests
{
    private static readonly Dictionary<string, JsonElement> All = GoldenValues.Load("schedules.json")
        .GetProperty("cases").EnumerateArray().ToDictionary(golden => golden.Text("name"));

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
