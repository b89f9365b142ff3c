using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Npgsql;

namespace Trainer.Coordinator.Tests.Store;

/// <summary>A PostgreSQL server of its own (tests/postgres/serve), on a Unix socket in a temporary folder, that tests stop, kill and start again.</summary>
internal sealed partial class PostgresServer : IAsyncDisposable
{
    public const string Missing = "There is no PostgreSQL here: Debian's package postgresql is missing. ./test --all gets it.";

    private const int NoProgram = 69;
    private const int SigInt = 2;
    private const int SigKill = 9;
    private const int SigCont = 18;
    private const int SigStop = 19;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-postgres-").FullName;
    private Process _process;
    private int _databases;

    private PostgresServer() => _process = Run();

    /// <summary>Null where the program is missing.</summary>
    public static async Task<PostgresServer?> StartAsync()
    {
        var server = new PostgresServer();
        if (await server.IsReadyAsync())
        {
            return server;
        }

        await server.DisposeAsync();
        return null;
    }

    /// <summary>What Npgsql is told of an address.</summary>
    public static string ConnectionString(string address)
    {
        var parts = address["postgres://trainer@/".Length..].Split("?host=");
        return $"Host={parts[1]};Username=trainer;Database={parts[0]};Pooling=false";
    }

    /// <summary>Makes an empty database; its address for --store.</summary>
    public string NewDatabase()
    {
        var name = $"t{Interlocked.Increment(ref _databases).ToString(CultureInfo.InvariantCulture)}";
        using var source = NpgsqlDataSource.Create(ConnectionString(Address("postgres")));
        using var command = source.CreateCommand($"CREATE DATABASE {name}");
        command.ExecuteNonQuery();
        return Address(name);
    }

    /// <summary>It stands still: connections stay, and nothing answers.</summary>
    public void Pause() => Signal(SigStop);

    public void Continue() => Signal(SigCont);

    /// <summary>As a crash of the server does, with all of its processes.</summary>
    public async Task KillAsync()
    {
        Signal(SigKill);
        await _process.WaitForExitAsync();
    }

    /// <summary>After <see cref="KillAsync"/>.</summary>
    public async Task StartAgainAsync()
    {
        _process.Dispose();
        _process = Run();
        Assert.True(await IsReadyAsync(), Missing);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Continue();
            _ = Send(_process.Id, SigInt);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string Address(string database) => $"postgres://trainer@/{database}?host={_folder}";

    private async Task<bool> IsReadyAsync()
    {
        for (var patience = Stopwatch.StartNew(); ; await Task.Delay(20))
        {
            if (_process.HasExited)
            {
                return _process.ExitCode == NoProgram ? false : throw new InvalidOperationException($"tests/postgres/serve ended with exit code {_process.ExitCode}.");
            }

            try
            {
                await using var source = NpgsqlDataSource.Create(ConnectionString(Address("postgres")));
                await using var connection = await source.OpenConnectionAsync();
                return true;
            }
            catch (NpgsqlException) when (patience.Elapsed < Patience)
            {
                // Not yet.
            }
        }
    }

    private Process Run()
    {
        var start = new ProcessStartInfo(Repository.File("tests/postgres/serve"), [_folder]) { UseShellExecute = false, RedirectStandardError = true };
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        return process;
    }

    // Parents first, so that none is seen to have lost a child.
    private void Signal(int signal)
    {
        var children = Children(_process.Id);
        _ = Send(_process.Id, signal);
        foreach (var child in children)
        {
            _ = Send(child, signal);
        }
    }

    private static List<int> Children(int parent) => [.. File.ReadAllText($"/proc/{parent}/task/{parent}/children")
        .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture))];

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Send(int process, int signal);
}
