using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Remote.Transport;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Logging;
using Trainer.Hosting.Peers;

namespace Trainer.Hosting.Cluster;

/// <summary>What the transport needs beside its configuration.</summary>
/// <param name="certificates">Null: in clear.</param>
/// <param name="coordinators">Addresses at which nobody but a coordinator may answer.</param>
internal sealed class PeerTransportSetup(ProcessCertificates? certificates, IReadOnlyList<Address> coordinators, ILogger logger) : Setup
{
    public ProcessCertificates? Certificates => certificates;

    public IReadOnlyList<Address> Coordinators => coordinators;

    public ILogger Logger => logger;
}

/// <summary>Carries Akka.Remote's messages over TCP, in mutual TLS where the process has certificates. Akka makes it by its name in the configuration.</summary>
/// <remarks>
/// A peer that shows the wrong certificate, or none, is a connection that failed, and nothing more. New certificates count from the next connection on; those that are up stay,
/// since to a job a connection that closes is a worker that is lost. Every association has two threads of its own, so that neither training nor a busy thread pool delays
/// heartbeats.
/// </remarks>
internal sealed class PeerTransport : Transport
{
    /// <summary>A job with its epochs fits into one message.</summary>
    private const int MaxFrame = 8 << 20;

    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FlushWithin = TimeSpan.FromSeconds(2);

    private readonly PeerTransportSetup _setup;
    private readonly LineAMinute _refused;
    private readonly string _host;
    private readonly int _port;
    private readonly Lock _lock = new();
    private readonly HashSet<PeerAssociation> _associations = [];
    private readonly TaskCompletionSource<IAssociationEventListener> _listener = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PeerGate? _gate;
    private Address _local = new("tcp", "");
    private bool _isClosed;

    public PeerTransport(ActorSystem system, Config config)
    {
        (System, Config, SchemeIdentifier, MaximumPayloadBytes) = (system, config, "tcp", MaxFrame);
        (_host, _port) = (config.GetString("hostname"), config.GetInt("port"));
        _setup = system.Settings.Setup.Get<PeerTransportSetup>().Value;
        _refused = new LineAMinute((count, last) => _setup.Logger.LogWarning("Connections to other members that came to nothing: {Count} since the last such line. The last one: {Reason}", count, last));
    }

    public override bool IsResponsibleFor(Address remote) => true;

    public override Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen()
    {
        Socket socket;
        try
        {
            socket = OwnHost.Listen(_host, _port);
        }
        catch (SocketException e)
        {
            return Task.FromException<(Address, TaskCompletionSource<IAssociationEventListener>)>(e); // Thrown, it would end nothing and nobody would be told.
        }

        _local = AddressOf(_host, ((IPEndPoint)socket.LocalEndPoint!).Port);
        _gate = new PeerGate(socket, $"the cluster's port {_local.Port}", _setup.Certificates, PeerRoles.Members, Admit, _setup.Logger);

        return Task.FromResult((_local, _listener));
    }

    public override Task<AssociationHandle> Associate(Address remoteAddress)
    {
        if (remoteAddress.Host is null || remoteAddress.Port is null)
        {
            return Task.FromException<AssociationHandle>(new InvalidAssociationException($"No association with {remoteAddress}: it has no host and port.")); // On the thread below it would end the process.
        }

        var opened = new TaskCompletionSource<AssociationHandle>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => Dial(remoteAddress, opened)) { IsBackground = true, Name = "cluster-dial" }.Start();
        return opened.Task;
    }

    public override async Task<bool> Shutdown()
    {
        _gate?.Dispose();
        _refused.Dispose();
        PeerAssociation[] open;
        lock (_lock)
        {
            _isClosed = true;
            open = [.. _associations];
        }

        Array.ForEach(open, association => association.Close());
        await Task.WhenAny(Task.WhenAll(open.Select(association => association.Written)), Task.Delay(FlushWithin));
        Array.ForEach(open, association => association.Break());
        return true;
    }

    private Address AddressOf(string host, int port) => new(SchemeIdentifier, System.Name, host, port);

    private void Dial(Address remote, TaskCompletionSource<AssociationHandle> opened)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        PeerStream? stream = null;
        using var deadline = new Deadline(socket, ConnectWithin);
        try
        {
            socket.Connect(remote.Host.Trim('[', ']'), remote.Port!.Value);
            stream = _setup.Certificates is { } certificates ? PeerStream.Dial(socket, certificates, IsCoordinators(remote) ? [PeerRoles.Coordinator] : PeerRoles.Members) : null;
            opened.SetResult(Keep(new PeerAssociation(_local, remote, socket, stream, MaxFrame)));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or ArgumentException)
        {
            stream?.Dispose();
            socket.Dispose();
            var reason = deadline.HasPassed ? "no answer in time" : e.Message;
            if (e is IOException)
            {
                _refused.Note($"{remote.HostPort()}: {reason}");
            }

            opened.SetException(new InvalidAssociationException($"No association with {remote}: {reason}", e));
        }
    }

    private void Admit(Socket socket, PeerStream? stream)
    {
        var from = (IPEndPoint)socket.RemoteEndPoint!;
        var association = Keep(new PeerAssociation(_local, AddressOf(from.Address.ToString(), from.Port), socket, stream, MaxFrame, stream is null ? null : first => RequireOwnAddress(stream, first)));
        _ = _listener.Task.ContinueWith(listener => listener.GetAwaiter().GetResult().Notify(new InboundAssociation(association)), TaskScheduler.Default);
    }

    private bool IsCoordinators(Address address) => _setup.Coordinators.Any(coordinator => coordinator.HostPort() == address.HostPort());

    /// <summary>Akka sends over a peer's connection what is for the address that the peer says is its own: a coordinator's is a coordinator's alone.</summary>
    /// <exception cref="IOException">The peer may not have that address, or says none.</exception>
    private void RequireOwnAddress(PeerStream stream, byte[] first)
    {
        if (stream.Role != PeerRoles.Coordinator && PeerGreeting.OriginOf(first) is var origin && IsCoordinators(origin))
        {
            _refused.Note($"a {stream.Role} that says it is {origin.HostPort()}, a coordinator's address");
            throw new IOException("it says that it is a coordinator, and is none");
        }
    }

    /// <exception cref="IOException">The transport has been shut down.</exception>
    private PeerAssociation Keep(PeerAssociation association)
    {
        lock (_lock)
        {
            if (!_isClosed)
            {
                _associations.Add(association);
                association.Start(Forget);
                return association;
            }
        }

        association.Break();
        throw new IOException("the actor system ends");
    }

    private void Forget(PeerAssociation association)
    {
        lock (_lock)
        {
            _associations.Remove(association);
        }
    }
}
