using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Local;

/// <summary>The ports that others may know of a cluster's processes: each keeps those that it had, as long as nobody else has taken them.</summary>
internal sealed class LocalPorts
{
    // Below those that the kernel gives to outgoing connections: one of them may hold a port just when its process is started again.
    private const int Lowest = 20_000;
    private const int Highest = 32_000;
    private const int Tries = 200;

    private readonly string _file;
    private readonly SortedDictionary<string, int> _ports;

    private LocalPorts(string file, SortedDictionary<string, int> ports) => (_file, _ports) = (file, ports);

    /// <param name="folder">Of the cluster's store, which it alone has.</param>
    public static LocalPorts In(string folder)
    {
        var file = Path.Combine(folder, "ports.json");
        try
        {
            return new LocalPorts(file, JsonSerializer.Deserialize<SortedDictionary<string, int>>(File.ReadAllBytes(file)) ?? []);
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return new LocalPorts(file, []); // What cannot be read is no loss: it is written anew.
        }
    }

    /// <summary>The port of a use, such as coordinator/grpc: that of before, or a free one; 0, any, where none is found.</summary>
    public int For(string use)
    {
        var port = _ports.GetValueOrDefault(use);
        for (var i = 0; i < Tries && !IsFree(port); i++)
        {
            port = RandomNumberGenerator.GetInt32(Lowest, Highest);
        }

        return _ports[use] = IsFree(port) ? port : 0;
    }

    public void Write()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_file)!);
        PrivateFiles.Replace(_file, JsonSerializer.SerializeToUtf8Bytes(_ports));
    }

    private bool IsFree(int port)
    {
        if (port is < 1 or > IPEndPoint.MaxPort || _ports.Count(known => known.Value == port) > 1)
        {
            return false;
        }

        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
