using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Trainer.Differential.Tests.Running;

/// <summary>PyTorch/reference.py itself is at fault, or was asked for something that is no job.</summary>
internal sealed class BrokenReferenceException(string message) : Exception(message);

/// <summary>The process that runs PyTorch/reference.py, one request after another. Not for several threads at a time.</summary>
internal sealed class PyTorch : IDisposable
{
    /// <summary>Names the Python that has torch; <c>./test</c> sets it where it had to unpack one.</summary>
    public const string Variable = "TRAINER_PYTHON";

    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    public PyTorch(string python)
    {
        var start = new ProcessStartInfo(python, ["-B", Script])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(line.Data);
            }
        };
        _process.BeginErrorReadLine();
    }

    /// <summary>Beside the sources, which the test assembly knows from its own place: tests/X/bin/Release/net10.0.</summary>
    private static string Script => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../PyTorch/reference.py"));

    /// <summary>A Python that has torch; null where there is none.</summary>
    public static string? Python { get; } = new[] { Environment.GetEnvironmentVariable(Variable), "/usr/bin/python3" }.OfType<string>().FirstOrDefault(HasTorch);

    public static string Absence => $"There is no python3 with torch: apt install python3-torch, or name one in {Variable}.";

    public JsonElement Ask(JsonObject request)
    {
        _process.StandardInput.WriteLine(request.ToJsonString());
        _process.StandardInput.Flush();
        var answer = _process.StandardOutput.ReadLine();
        if (answer is null)
        {
            _process.WaitForExit();
            lock (_errors)
            {
                throw new InvalidOperationException($"PyTorch/reference.py ended with exit code {_process.ExitCode} at {request.ToJsonString()}\n{_errors}");
            }
        }

        return JsonDocument.Parse(answer).RootElement;
    }

    public static double[] Numbers(JsonElement base64) => MemoryMarshal.Cast<byte, double>(base64.GetBytesFromBase64()).ToArray();

    /// <summary>The process ends with its input.</summary>
    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static bool HasTorch(string python)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(python, ["-c", "import torch"]) { UseShellExecute = false, RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}

/// <summary>One process for the tests of a class; none where there is no torch.</summary>
public sealed class TorchProcess : IDisposable
{
    internal PyTorch? Process { get; } = PyTorch.Python is { } python ? new PyTorch(python) : null;

    public void Dispose() => Process?.Dispose();
}
