using System.Net;
using System.Net.Sockets;
using Trainer.Cli.Local;
using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests.Local;

public sealed class LocalPortsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Each_use_keeps_its_port_unless_another_program_has_taken_it()
    {
        var (grpc, http) = Take();
        Assert.NotEqual(grpc, http);
        Assert.Equal((grpc, http), Take());

        using var other = new TcpListener(IPAddress.Loopback, grpc);
        other.Start();
        var (moved, kept) = Take();
        Assert.Equal(http, kept);
        Assert.NotEqual(grpc, moved);
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_written_anew()
    {
        File.WriteAllText(Path.Combine(_folder.Path, "ports.json"), "{");
        var first = Take();
        Assert.Equal(first, Take());
    }

    private (int Grpc, int Http) Take()
    {
        var ports = LocalPorts.In(_folder.Path);
        var taken = (ports.For("coordinator/grpc"), ports.For("coordinator/http"));
        ports.Write();
        return taken;
    }
}
