using Trainer.Cli.Errors;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Home;

/// <summary>Where a local cluster keeps its things: one folder, with a folder for each kind.</summary>
/// <param name="Run">Endpoints, token and sockets of what runs now (see <see cref="RunFolder"/>).</param>
/// <param name="Store">The coordinator's database of jobs.</param>
/// <param name="Jobs">One folder per job with its results; or a bucket (see <see cref="Hosting.Artifacts.ArtifactLocation"/>).</param>
/// <param name="Logs">One file per process.</param>
/// <param name="Downloads">One folder per job of a cluster elsewhere, with what was fetched of it.</param>
/// <param name="Contexts">The file of the clusters that the user has named (see <see cref="ContextFile"/>).</param>
/// <param name="SignIn">The file that leads a browser to a link with a code.</param>
internal sealed record LocalFolders(string Run, string Store, string Jobs, string Logs, string Downloads, string Contexts, string SignIn)
{
    /// <summary>Environment variables that the tool reads, for its help.</summary>
    public static IReadOnlyList<(string Name, string Meaning)> Variables { get; } =
    [
        ("TRAINER_HOME", "the local cluster's folder: run/, store/, jobs/, logs/ (default: ${XDG_STATE_HOME:-~/.local/state}/trainer)"),
        ("TRAINER_DATA", "a folder that is searched first for data sets"),
        ("TRAINER_ENDPOINT", "the job API of a cluster elsewhere, where --endpoint is not given"),
        ("TRAINER_TOKEN_FILE", "the file with its token, where --token-file is not given"),
        ("TRAINER_CA", "the file with the authority of its certificates, where --ca is not given"),
    ];

    public static LocalFolders Of(Func<string, string?> environment)
    {
        var home = Path.GetFullPath(Home(environment));
        PrivateFiles.RefuseFiles(home);
        string In(string name) => Path.Combine(home, name);
        return new LocalFolders(In("run"), In("store"), In("jobs"), In("logs"), In("downloads"), In("contexts.json"), In("sign-in.html"));
    }

    /// <summary>Makes the folders that keep what others must not read, and closes them where an earlier version left them open.</summary>
    public void MakePrivate()
    {
        foreach (var folder in new[] { Store, Jobs, Logs }.Where(folder => Path.GetDirectoryName(folder) == Path.GetDirectoryName(Logs)))
        {
            PrivateFiles.CreateOrClose(folder);
        }
    }

    private static string Home(Func<string, string?> environment)
    {
        if (environment("TRAINER_HOME") is { Length: > 0 } home)
        {
            return home;
        }
        // The XDG base directory specification wants relative values ignored.
        if (environment("XDG_STATE_HOME") is { Length: > 0 } state && Path.IsPathRooted(state))
        {
            return Path.Combine(state, "trainer");
        }

        var user = environment("HOME") is { Length: > 0 } set ? set : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return user.Length > 0
            ? Path.Combine(user, ".local", "state", "trainer")
            : throw new CliException("There is no home folder to keep the cluster's files in.", remedy: "Set TRAINER_HOME to a folder of yours.");
    }
}
