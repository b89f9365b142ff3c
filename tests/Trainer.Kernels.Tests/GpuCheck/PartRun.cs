using System.ComponentModel;
using System.Diagnostics;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <summary>Has a part's cases run by processes, each of which takes those that the one before has left: whatever a case does to its process, the next one has another.</summary>
/// <param name="start">The process for so many cases, by number.</param>
/// <param name="found">Is told of each case, once.</param>
internal sealed class PartRun(CheckPart part, IReadOnlyList<int> numbers, Func<IReadOnlyList<int>, ProcessStartInfo> start, Action<Finding> found)
{
    /// <summary>A case that takes longer will not end.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Queue<int> _left = new(numbers);

    /// <summary>The last word of the process that runs, about the case that it is at; null: nothing has begun.</summary>
    private Finding? _begun;

    /// <param name="end">When the time is over.</param>
    public async Task RunAsync(CancellationToken end)
    {
        while (_left.Count > 0 && !end.IsCancellationRequested)
        {
            await RunProcessAsync(end);
        }

        EndAll(Outcome.NotReached, "the time was over");
    }

    private async Task RunProcessAsync(CancellationToken end)
    {
        using var process = new Process { StartInfo = start([.. _left]) };
        (process.StartInfo.RedirectStandardOutput, process.StartInfo.RedirectStandardError) = (true, true);
        var errors = new Queue<string>();
        process.ErrorDataReceived += (_, line) => Keep(errors, line.Data);
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            EndAll(Outcome.Failed, $"{process.StartInfo.FileName} does not start: {e.Message}");
            return;
        }

        process.BeginErrorReadLine();
        _begun = null;
        try
        {
            while (await ReadAsync(process, end) is { } line)
            {
                Take(Finding.Read(line));
            }

            await process.WaitForExitAsync(CancellationToken.None);
            EndAfter(process.ExitCode, string.Join(' ', errors));
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            if (!end.IsCancellationRequested)
            {
                EndBegun($"no answer for {Patience.TotalSeconds} s");
            }
        }
    }

    private void Take(Finding? finding)
    {
        _begun = finding ?? _begun;
        if (finding is not null && finding.Outcome != Outcome.Begun)
        {
            _left.Dequeue();
            found(finding);
        }
    }

    private static async Task<string?> ReadAsync(Process process, CancellationToken end)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(end);
        patience.CancelAfter(Patience);
        return await process.StandardOutput.ReadLineAsync(patience.Token);
    }

    /// <summary>A process that ended with its last case, or with one that it told of as failed, needs no more words.</summary>
    private void EndAfter(int exitCode, string errors)
    {
        if (_begun is null)
        {
            EndAll(Outcome.Failed, $"nothing could begin, exit code {exitCode}: {errors}");
        }
        else if (exitCode is not (0 or 1) && _left.Count > 0)
        {
            EndBegun($"the process ended with exit code {exitCode}: {errors}");
        }
    }

    private void EndBegun(string detail)
    {
        var number = _left.Dequeue();
        found((_begun?.Number == number ? _begun : Finding.Without(part, number, Outcome.Begun, "")).FailedWith(detail));
    }

    private void End(string outcome, string detail) => found(Finding.Without(part, _left.Dequeue(), outcome, detail));

    private void EndAll(string outcome, string detail)
    {
        while (_left.Count > 0)
        {
            End(outcome, detail);
        }
    }

    private static void Keep(Queue<string> errors, string? line)
    {
        if (!string.IsNullOrWhiteSpace(line))
        {
            errors.Enqueue(line.Trim());
            if (errors.Count > 5)
            {
                errors.Dequeue();
            }
        }
    }
}
