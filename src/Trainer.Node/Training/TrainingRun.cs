using System.Diagnostics;
using Akka.Actor;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Metrics;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;
using Trainer.Node.Links;
using Trainer.Node.Reduction;
using Trainer.Protos;
using Trainer.Protos.Cluster;
using Failure = Trainer.Protos.Cluster.Failure;

namespace Trainer.Node.Training;

/// <summary>A member's part in one generation of a job, on a thread of its own: prepare, then item after item to the end.</summary>
/// <remarks>
/// Everything it has to say goes to the worker as messages; the last is always <see cref="Over"/>. The state belongs to whoever
/// got <see cref="Prepared"/>, and must live until then.
/// </remarks>
internal sealed class TrainingRun
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(0.25);

    private readonly Start _start;
    private readonly GenerationNumber _generation;
    private readonly Device _device;
    private readonly TrainingMetrics _metrics;
    private readonly ReduceWaiter _waiter;
    private readonly IActorRef _worker;
    private readonly ILogger _logger;
    private readonly ApplyGate _gate = new();
    private readonly ManualResetEventSlim _mayBegin = new();
    private readonly Thread _thread;
    private AllReduceClient? _allReduce;
    private ScheduleItem _item;

    public TrainingRun(Start start, Device device, TrainingMetrics metrics, ReduceWaiter waiter, IActorRef worker, ILogger logger)
    {
        (_start, _device, _metrics, _waiter, _worker, _logger) = (start, device, metrics, waiter, worker, logger);
        _generation = GenerationNumber.Of(start.Generation);
        _thread = new Thread(Run) { IsBackground = true, Name = "training" };
    }

    /// <summary>The state after item 0 is there; links may open to it.</summary>
    public sealed record Prepared(GenerationNumber Generation, MemberState State) : INoSerializationVerificationNeeded;

    /// <summary>Proven by the totals of a later item: every member has applied it.</summary>
    public sealed record Committed(GenerationNumber Generation, Progress Progress, EpochSummary? Epoch) : INoSerializationVerificationNeeded;

    public sealed record Completed(GenerationNumber Generation, Finished Finished) : INoSerializationVerificationNeeded;

    public sealed record Failed(GenerationNumber Generation, Failure Failure) : INoSerializationVerificationNeeded;

    /// <summary>The thread has ended and touches nothing any more.</summary>
    public sealed record Over(GenerationNumber Generation) : INoSerializationVerificationNeeded;

    /// <summary>The last item applied; final once the run was stopped.</summary>
    public ulong Applied => _gate.Applied;

    /// <summary>The training step in flight, as users count them.</summary>
    public ulong StepInFlight => _item.TrainingStep;

    public void Prepare() => _thread.Start();

    /// <summary>Links are up: begin with the first item.</summary>
    public void Begin(AllReduceClient allReduce)
    {
        _allReduce = allReduce;
        _mayBegin.Set();
    }

    /// <summary>Applies nothing from here on; the thread ends as soon as it comes by.</summary>
    public void Stop()
    {
        _gate.Close();
        _waiter.Fail(new OperationCanceledException("The generation is over."));
        _mayBegin.Set();
    }

    /// <summary>Waits until the thread has ended; it was stopped before.</summary>
    public void Join() => _thread.Join();

    private void Run()
    {
        MemberState? state = null;
        try
        {
            state = MemberState.Create(_start.Spec, _start.Assignment, (int)_start.Rank, _device);
            _worker.Tell(new Prepared(_generation, state));
            _mayBegin.Wait();
            if (_allReduce is not null)
            {
                Train(state, new TrainingStep(state, _allReduce));
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped from outside, who knows why.
        }
        catch (StepFailedException e)
        {
            if (e.IsNotFinite)
            {
                _metrics.NonFinite();
            }

            Fail(Describe(_item) + (e.IsNotFinite ? Divergence.Describe(e.Message, state!.Network) : e.Message), e.IsNotFinite);
        }
        catch (Exception e) when (e is DataFileException or DeviceMemoryException or ModelException or NotSupportedException or IOException or UnauthorizedAccessException)
        {
            Fail(e.Message);
        }
        catch (Exception e)
        {
            _logger.LogError(e, "Training of job {Job} broke.", _start.Job);
            Fail($"{Describe(_item)}{e.GetType().Name}: {e.Message}");
        }
        finally
        {
            _metrics.EndRun();
            _worker.Tell(new Over(_generation));
        }
    }

    private void Train(MemberState state, TrainingStep step)
    {
        var results = state.Rank == 0 ? new ResultFolder(_start.Artifacts) : null;
        var meter = new ProgressMeter(state.Schedule);
        _metrics.BeginRun(_start.Job, state.Rank, state.Plan.Members, state.Schedule.TotalSteps);
        Committed? pending = null;
        var reported = 0L;
        var sums = default(PassSums);
        var apply = () => step.Apply(_item, sums);
        for (var index = 1UL; index <= state.Schedule.LastItem; index++)
        {
            _item = state.Schedule[index];
            var start = Stopwatch.GetTimestamp();
            var result = step.Reduce(_item);
            Publish(pending, results);
            sums = result.Reduced.Statistics;
            var applied = _gate.Apply(index, apply);
            var epoch = Record(meter, state, result, applied, Stopwatch.GetElapsedTime(start).TotalSeconds);
            pending = null;
            if (epoch is not null || Stopwatch.GetElapsedTime(reported) >= ReportEvery)
            {
                pending = new Committed(_generation, meter.Snapshot(_item), epoch);
                reported = Stopwatch.GetTimestamp();
            }
        }

        Finish(state, results);
    }

    private void Publish(Committed? committed, ResultFolder? results)
    {
        if (committed is not null)
        {
            if (committed.Epoch is not null)
            {
                results?.Append(committed.Epoch);
            }

            _worker.Tell(committed);
        }
    }

    /// <returns>The epoch, where the item closes one.</returns>
    private EpochSummary? Record(ProgressMeter meter, MemberState state, in StepResult result, double applied, double seconds)
    {
        var statistics = result.Reduced.Statistics;
        _metrics.Collective(result.Reduced.BytesSent, result.Reduced.BytesReceived, result.Reduced.Seconds);
        if (_item.Kind == ItemKind.Train)
        {
            meter.Trained(_item, statistics, seconds);
            _metrics.Step(
                _item.TrainingStep, _item.Epoch, meter.Loss, meter.Accuracy, state.Network.LearningRate, result.LocalSamples,
                result.Phases with { Optimizer = applied });
        }
        else if (_item.Kind == ItemKind.Evaluate)
        {
            var epoch = meter.Evaluated(_item, statistics, seconds, state.Network.LearningRate);
            _metrics.Evaluation(epoch.TestLoss, epoch.TestAccuracy);
            return epoch;
        }

        return null;
    }

    private void Finish(MemberState state, ResultFolder? results)
    {
        var finished = new Finished { WeightsHash = Convert.ToHexStringLower(state.Hash()), Step = _item.Index };
        if (results is not null)
        {
            finished.WeightsSha256 = results.WriteWeights(state.Network);
            finished.WeightsPath = results.WeightsPath;
            finished.Input.Add(state.Network.Model.Input.Dimensions.Select(size => (uint)size));
            finished.Classes = (uint)state.Network.Model.Classes;
            results.WriteOptimizer(state.Network, state.Recipe.Optimizer);
        }

        _worker.Tell(new Completed(_generation, finished));
    }

    /// <param name="isNotFinite">The training diverged: nobody's fault among the workers.</param>
    private void Fail(string message, bool isNotFinite = false)
    {
        _worker.Tell(new Failed(_generation, new Failure { Step = StepInFlight, Message = message, NotFinite = isNotFinite }));
    }

    /// <summary>What the step's number, which the report carries, does not say.</summary>
    private static string Describe(in ScheduleItem item) => item.Kind switch
    {
        ItemKind.Evaluate => $"evaluation of epoch {item.Epoch}: ",
        ItemKind.End => "end of training: ",
        _ => "",
    };
}
