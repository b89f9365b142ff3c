using System.Diagnostics;
using System.Net.Sockets;
using Trainer.Kernels.Data;
using Trainer.Kernels.Formats;

namespace Trainer.Kernels.Tests.Data;

/// <summary>What is not a regular file is refused at once by everything that reads files: a named pipe without a writer would wait for ever.</summary>
public sealed class FileSystemTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-files-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_named_pipe_is_refused_without_waiting_for_a_writer()
    {
        var pipe = Path.Combine(_folder, "pipe");
        using (var mkfifo = Process.Start("mkfifo", [pipe]))
        {
            mkfifo.WaitForExit();
        }

        AssertRefused(pipe, "is a named pipe; expected a regular file");
    }

    [Fact]
    public void A_socket_is_refused()
    {
        var path = Path.Combine(_folder, "socket");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));

        AssertRefused(path, "is a socket; expected a regular file");
    }

    [Fact]
    public void A_folder_is_refused() => AssertRefused(_folder, "is a folder; expected a regular file");

    [Fact]
    public void A_device_is_refused() => AssertRefused("/dev/zero", "is a character device; expected a regular file");

    [Fact]
    public void A_path_that_is_too_long_is_refused() => AssertRefused("/" + new string('x', 5000), "cannot be opened: file name too long");

    [Fact]
    public void A_link_to_a_file_is_followed()
    {
        var file = Path.Combine(_folder, "file");
        File.WriteAllBytes(file, [1, 2, 3]);
        File.CreateSymbolicLink(Path.Combine(_folder, "link"), file);

        using var opened = FileSystem.OpenRegular(Path.Combine(_folder, "link"));

        Assert.Equal((3, 1), (opened.Length, opened.ReadByte()));
    }

    [Fact]
    public void A_folder_that_is_not_there_cannot_be_flushed()
    {
        FileSystem.FlushFolder(_folder);
        Assert.Equal("/nowhere cannot be flushed to the disk: No such file or directory", Assert.Throws<IOException>(() => FileSystem.FlushFolder("/nowhere")).Message);
    }

    private static void AssertRefused(string path, string problem)
    {
        Assert.Equal($"{path}: {problem}", Assert.Throws<DataFileException>(() => FileSystem.OpenRegular(path)).Message);
        Assert.Equal($"{path}: {problem}", Assert.Throws<DataFileException>(() => DataSet.FromIdx(path, path)).Message);
        Assert.Equal($"{path}: {problem}", Assert.Throws<DataFileException>(() => Safetensors.Read(path)).Message);
    }
}
