using System.Diagnostics;
using System.Globalization;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Limits;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Api;

/// <summary>
/// Starts the process that looks into a job: one at a time, since what computes here takes from training on the same machine. What it is given is hostile for all that is known (pictures
/// that somebody brought): it has limits of memory and time, and whatever becomes of it is this call's alone.
/// </summary>
/// <param name="command">The program and its first arguments; empty: this coordinator has none.</param>
public sealed class InspectionProcess(IReadOnlyList<string> command, ProcessLimits limits, ILoggerFactory loggers) : IDisposable
{
    private const int MostWaiting = 16;
    private const int MostAnswerBytes = 64 << 20;
    private const int MostErrorText = 2000;

    /// <summary>As shells have it: 128 and SIGABRT, which .NET ends by where it has no memory; 128 and SIGKILL, by which the system does.</summary>
    private const int Aborted = 134;

    private const int Killed = 137;

    private readonly ILogger _logger = loggers.CreateLogger("Trainer.Coordinator.Inspection");
    private readonly SemaphoreSlim _turn = new(1);
    private int _waiting;

    /// <summary>Waiting for its turn included. Below what a call by HTTP may take.</summary>
    internal TimeSpan AnswerWithin { get; init; } = TimeSpan.FromSeconds(25);

    public void Dispose() => _turn.Dispose();

    /// <exception cref="RpcException">RESOURCE_EXHAUSTED: too many wait, or it took too much memory. DEADLINE_EXCEEDED. UNIMPLEMENTED: there is no such process here.</exception>
    public async Task<InspectionAnswer> AskAsync(InspectionOrder order, CancellationToken stop)
    {
        if (command.Count == 0)
        {
            throw ApiErrors.NoInspection();
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(AnswerWithin);
        try
        {
            await TakeTurnAsync(patience.Token);
            try
            {
                return await RunAsync(order, patience.Token);
            }
            finally
            {
                _turn.Release();
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw ApiErrors.InspectionTooLong($"The picture was not there after {AnswerWithin.TotalSeconds:0} s: the model or its data are large for one thread, or others were before it. Try again.");
        }
    }

    private async Task TakeTurnAsync(CancellationToken stop)
    {
        try
        {
            if (Interlocked.Increment(ref _waiting) > MostWaiting)
            {
                throw ApiErrors.TooMuch("TOO_MANY_PICTURES", $"{MostWaiting} pictures are waited for. Try again.");
            }

            await _turn.WaitAsync(stop);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private async Task<InspectionAnswer> RunAsync(InspectionOrder order, CancellationToken stop)
    {
        var folder = Directory.CreateTempSubdirectory("trainer-inspection-").FullName; // Nobody else may read it.
        try
        {
            using var process = Start(folder);
            try
            {
                return await AnswerAsync(process, order, stop);
            }
            finally
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true); // One that is killed clears nothing away.
        }
    }

    private async Task<InspectionAnswer> AnswerAsync(Process process, InspectionOrder order, CancellationToken stop)
    {
        var (answer, errors) = (ReadAsync(process.StandardOutput.BaseStream, MostAnswerBytes, stop), ReadAsync(process.StandardError.BaseStream, MostErrorText, stop));
        await WriteAsync(process, order, stop);
        var (bytes, said) = (await answer, await errors);
        await process.WaitForExitAsync(stop);
        return process.ExitCode != 0 ? throw Failed(process.ExitCode, Encoding.UTF8.GetString(said))
            : bytes.Length < MostAnswerBytes ? InspectionAnswer.Parser.ParseFrom(bytes)
            : throw ApiErrors.TooMuch("INSPECTION_FAILED", $"The pictures have more than {MostAnswerBytes >> 20} MiB. Ask for fewer of them.");
    }

    private Process Start(string folder)
    {
        var start = new ProcessStartInfo(command[0], [.. command.Skip(1), "--memory", limits[ProcessLimits.InspectionBytes].ToString(CultureInfo.InvariantCulture)])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["TMPDIR"] = folder },
        };
        return Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start.");
    }

    // One that ends before it has read all says why by its exit status.
    private static async Task WriteAsync(Process process, InspectionOrder order, CancellationToken stop)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(order.ToByteArray(), stop);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
        }
    }

    // To its end, of which what is too much is dropped.
    private static async Task<byte[]> ReadAsync(Stream from, int most, CancellationToken stop)
    {
        using var kept = new MemoryStream();
        var buffer = new byte[64 << 10];
        for (int read; (read = await from.ReadAsync(buffer, stop)) > 0;)
        {
            kept.Write(buffer, 0, (int)Math.Min(read, most - kept.Length));
        }

        return kept.ToArray();
    }

    private RpcException Failed(int status, string said)
    {
        _logger.LogWarning("The process that looks into a job ended with status {Status}: {Said}", status, said);
        return status is Aborted or Killed
            ? ApiErrors.TooMuch(
                "INSPECTION_FAILED",
                $"The process that makes the picture was ended, most likely since it needed more memory than {limits[ProcessLimits.InspectionBytes] >> 20} MiB (--limit {ProcessLimits.InspectionBytes.Name}=N of the coordinator).")
            : ApiErrors.InspectionFailed($"The process that makes the picture ended with status {status}. The coordinator's log says more.");
    }
}
