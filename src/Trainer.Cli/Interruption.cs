using System.Runtime.InteropServices;

namespace Trainer.Cli;

/// <summary>Ctrl-C, SIGTERM and SIGHUP ask to stop; a second Ctrl-C ends the process at once.</summary>
internal sealed class Interruption : IDisposable
{
    private static readonly PosixSignal[] Signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP];

    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations;
    private bool _controlC;

    public Interruption() => _registrations = [.. Signals.Select(signal => PosixSignalRegistration.Create(signal, Handle))];

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        var again = context.Signal == PosixSignal.SIGINT && _controlC;
        _controlC |= context.Signal == PosixSignal.SIGINT;
        context.Cancel = !again;
        // Not on the signal's own thread: whoever waits may do much when told.
        _ = Task.Run(_source.Cancel);
    }
}
