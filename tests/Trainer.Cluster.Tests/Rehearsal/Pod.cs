using System.Collections.Concurrent;
using System.Diagnostics;
using k8s.Models;
using Trainer.Cluster.Tests.Chaos;
using Trainer.Cluster.Tests.Deploy;

namespace Trainer.Cluster.Tests.Rehearsal;

/// <summary>A pod and its kubelet: the container is what the chart says, is asked by its probes, and is started again when it ends or they fail.</summary>
internal sealed class Pod
{
    private readonly PodPlace _place;
    private readonly Workload _workload;
    private readonly string _root;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly CancellationTokenSource _deleted = new();
    private readonly Task _keeping;
    private volatile Process? _process;
    private volatile bool _isReady;
    private volatile int _restarts;

    /// <param name="volumes">Lines of SOURCE TARGET ACCESS.</param>
    /// <param name="more">Variables besides the chart's.</param>
    public Pod(PodPlace place, Workload workload, string image, IEnumerable<string> volumes, IEnumerable<string> more)
    {
        (_place, _workload) = (place, workload);
        Image = image;
        _root = place.Prepare(volumes, [.. workload.Environment(workload.Main, place.Fields).Select(variable => $"{variable.Key}={variable.Value}"), .. more]);
        _keeping = KeepAsync();
    }

    public string Name => _place.Fields.Name;

    public string Image { get; }

    public Peer Peer => _place.Peer;

    public string Address => _place.Fields.Ip;

    public bool IsReady => _isReady;

    public int Restarts => _restarts;

    /// <summary>With which its container ended last; 1 also where it was killed, as unshare has it.</summary>
    public int ExitCode { get; private set; }

    public Workload Workload => _workload;

    /// <summary>Its container's process, the first of its own; null while there is none.</summary>
    public int? Id => _process is { HasExited: false } process ? Machine.FirstProcessOf(process) : null;

    public string Log => string.Join('\n', _lines.TakeLast(80));

    public bool Says(string text) => _lines.Any(line => line.Contains(text, StringComparison.Ordinal));

    /// <summary>SIGTERM, and SIGKILL once the grace period is over; the container is not started again.</summary>
    public async Task DeleteAsync(bool force = false)
    {
        await _deleted.CancelAsync();
        _isReady = false;
        while (!_keeping.IsCompleted)
        {
            await EndAsync(force);
            await Task.WhenAny(_keeping, Task.Delay(20)); // Its first process may not have been there yet.
        }

        await _keeping;
        await _place.RemoveAsync();
    }

    /// <summary>Nobody starts its container again, or asks it.</summary>
    public void Abandon() => _deleted.Cancel();

    public Task EndedAsync() => _keeping;

    private async Task EndAsync(bool force)
    {
        if (Id is not { } process)
        {
            return;
        }

        if (!force)
        {
            Signals.Terminate(process);
            var grace = TimeSpan.FromSeconds(_workload.Pod.TerminationGracePeriodSeconds!.Value);
            for (var waited = Stopwatch.StartNew(); waited.Elapsed < grace && Id == process; await Task.Delay(50))
            {
            }
        }

        Signals.Kill(process);
    }

    private async Task KeepAsync()
    {
        await Task.Yield();
        for (; !_deleted.IsCancellationRequested; _restarts++)
        {
            _process = _place.Run(_root, Image, $"{_workload.Pod.SecurityContext.RunAsUser}", ["/app/trainer", .. _workload.ArgumentsOf(_workload.Main, _place.Fields)], line => _lines.Enqueue(line));
            using var life = CancellationTokenSource.CreateLinkedTokenSource(_deleted.Token);
            var asking = AskAsync(life.Token);
            await _process.WaitForExitAsync();
            ExitCode = _process.ExitCode;
            _lines.Enqueue($"(exit code {ExitCode})");
            _isReady = false;
            await life.CancelAsync();
            await asking;
        }
    }

    private async Task AskAsync(CancellationToken life)
    {
        try
        {
            await AskAsync(_workload.Main.StartupProbe, untilItHolds: true, _ => { }, life);
            await Task.WhenAll(
                AskAsync(_workload.Main.ReadinessProbe, untilItHolds: false, holds => _isReady = holds, life),
                AskAsync(_workload.Main.LivenessProbe, untilItHolds: false, _ => { }, life));
        }
        catch (OperationCanceledException)
        {
            // It has ended.
        }
    }

    // Startup and liveness end the container once they have failed as often as the chart says; readiness only says so.
    private async Task AskAsync(V1Probe probe, bool untilItHolds, Action<bool> said, CancellationToken life)
    {
        using var period = new PeriodicTimer(TimeSpan.FromSeconds(probe.PeriodSeconds ?? 10));
        for (var failures = 0; ;)
        {
            var holds = await _place.HoldsAsync(probe, _workload, life);
            failures = holds ? 0 : failures + 1;
            if (holds || failures >= (probe.FailureThreshold ?? 3))
            {
                said(holds);
            }

            if (holds && untilItHolds)
            {
                return;
            }

            if (failures >= (probe.FailureThreshold ?? 3) && probe != _workload.Main.ReadinessProbe)
            {
                _lines.Enqueue($"(a probe failed {failures} times)");
                await EndAsync(force: false);
                return;
            }

            await period.WaitForNextTickAsync(life);
        }
    }
}
