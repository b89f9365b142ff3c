using System.CommandLine;
using Trainer.Cli.Output;
using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests;

public sealed class CommandLineTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public static TheoryData<string> EveryCommand { get; } =
        [
            "up", "down", "init", "schema", "submit", "jobs", "get", "watch", "logs", "cancel", "workers", "evaluate", "predict", "export", "models", "model describe", "data fetch", "data inspect", "data preview", "devices", "doctor",
            "token create", "token list", "token revoke", "context add", "context use", "context list", "context remove", "certs create", "completion", "coordinator", "node",
        ];

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Help_shows_every_command_the_exit_codes_and_the_environment()
    {
        var run = await CommandRun.InAsync(_home.Path, "--help");

        Assert.Equal(0, run.ExitCode);
        Assert.Empty(run.Errors);
        Assert.All(EveryCommand, command => Assert.Contains($"\n  {command.Data.Split(' ')[0]} ", run.Output));
        Assert.Contains("""
            Exit codes:
              0    success
              1    the job failed or was cancelled, or the command could not do its work
              2    the command line or the job file is wrong
              3    no cluster could be reached, or it does not accept the token
              130  interrupted; a job that was being followed goes on
            """, run.Output);
        Assert.Contains("TRAINER_HOME", run.Output);
    }

    [Theory]
    [MemberData(nameof(EveryCommand))]
    public async Task Every_command_has_help_with_examples_that_name_it(string command)
    {
        var run = await CommandRun.InAsync(_home.Path, [.. command.Split(' '), "--help"]);

        Assert.Equal(0, run.ExitCode);
        var examples = run.Output.Split("Examples:")[1];
        Assert.Contains($"trainer {command}", examples);
    }

    [Theory]
    [MemberData(nameof(EveryCommand))]
    public async Task Help_speaks_of_no_types_and_no_largest_numbers(string command)
    {
        var run = await CommandRun.InAsync(_home.Path, [.. command.Split(' '), "--help"]);

        Assert.DoesNotContain("System.", run.Output);
        Assert.DoesNotContain($"{int.MaxValue}", run.Output);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(120)]
    public void Examples_and_tables_of_help_fit_the_terminal(int width)
    {
        using var output = new StringWriter();
        var shell = new Shell { Out = output, Error = output, Environment = _ => null, Width = width };
        var root = Application.Create(shell);

        foreach (var command in EveryCommand)
        {
            root.Parse([.. command.Data.Split(' '), "--help"]).Invoke(new InvocationConfiguration { Output = output });
        }

        root.Parse("--help").Invoke(new InvocationConfiguration { Output = output });

        var sections = output.ToString().Split("Description:").SelectMany(help => help.Split("Examples:").Skip(1)).SelectMany(text => text.Split('\n')).ToList();
        Assert.NotEmpty(sections);
        Assert.All(sections, line => Assert.True(line.Length <= width || !line.Trim().Contains(' ', StringComparison.Ordinal), $"{line.Length} of {width} columns: {line}"));
    }

    [Theory]
    [InlineData("worker/../other")]
    [InlineData(".worker")]
    [InlineData("")]
    public async Task A_process_is_called_what_a_file_can_be(string name)
    {
        var run = await CommandRun.InAsync(_home.Path, "node", "--name", name, "--run-folder", _home["run"]);

        Assert.Equal(
            (2, $"--name: expected at most 128 letters, digits, '-', '_' and '.', the first of which is no '.', got '{name}'.\nSee: trainer node --help\n"), (run.ExitCode, run.Errors));
        Assert.False(Directory.Exists(_home["run"]));
    }

    [Fact]
    public async Task Alone_it_shows_its_help()
    {
        var run = await CommandRun.InAsync(_home.Path);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Examples:", run.Output);
    }

    /// <summary>Examples go stale silently: each must at least parse.</summary>
    [Fact]
    public void Every_example_parses()
    {
        var root = Application.Create(Shell.OfThisProcess());
        var examples = Descendants(root).OfType<Cli.Help.TrainerCommand>().SelectMany(command => Joined(command.Examples)).Where(line => line.Length > 0).ToList();

        Assert.True(examples.Count > 20, $"{examples.Count} examples");
        Assert.All(examples, example => Assert.Empty(root.Parse(example.Split(" | ")[0]["trainer ".Length..]).Errors));
    }

    [Theory]
    [InlineData("submit", "FILE is missing.\nSee: trainer submit --help\n")]
    [InlineData("get", "ID is missing.\nSee: trainer get --help\n")]
    [InlineData("data fetch imagenet", "NAME: expected fashion-mnist, mnist, kmnist, cifar-10 or cifar-100, got 'imagenet'.\nSee: trainer data fetch --help\n")]
    [InlineData("up --workers 0", "--workers must be at least 1, got 0.\nSee: trainer up --help\n")]
    [InlineData("up --workers two", "--workers: expected a whole number, got 'two'.\nSee: trainer up --help\n")]
    [InlineData("node --link-port 70000", "--link-port must be 0 to 65535, got 70000.\nSee: trainer node --help\n")]
    [InlineData("coordinator", "--store FOLDER is missing.\n--artifacts FOLDER|s3://BUCKET/PREFIX is missing.\nSee: trainer coordinator --help\n")]
    [InlineData("coordinator --store a --artifacts b --quota anna", "--quota: expected USER=WORKERS, such as anna=4, got 'anna'.\nSee: trainer coordinator --help\n")]
    [InlineData("coordinator --store a --artifacts b --quota anna=1 --quota anna=2", "--quota: anna is named twice.\nSee: trainer coordinator --help\n")]
    [InlineData("coordinator --store a --artifacts b --default-quota -1", "--default-quota must be at least 0, got -1.\nSee: trainer coordinator --help\n")]
    [InlineData("jobs --state idle", "--state: expected one of queued, starting, running, recovering, suspending, suspended, cancelling, succeeded, failed, cancelled, got 'idle'.\nSee: trainer jobs --help\n")]
    [InlineData("jobs --endpoint localhost:5000", "Expected an address like http://HOST:PORT, or several with commas between them, got 'localhost:5000'.\nSee: trainer jobs --help\n")]
    [InlineData("model describe lenet --input 1,28", "--input: expected C,H,W like 3,32,32, got '1,28'.\nSee: trainer model describe --help\n")]
    [InlineData("model describe lenet --classes 0", "--classes must be at least 1, got 0.\nSee: trainer model describe --help\n")]
    [InlineData("export some-job", "Say what to write: --to FILE for the model, or --tensorboard FOLDER for curves.\nSee: trainer export --help\n")]
    [InlineData("export some-job --to x --format pickle", "--format: expected onnx, safetensors or optimizer, got 'pickle'.\nSee: trainer export --help\n")]
    [InlineData("evaluate some-job --images x", "--images and --labels go together.\nSee: trainer evaluate --help\n")]
    [InlineData("predict some-job --threads 0", "--threads must be 1 to 1024, got 0.\nSee: trainer predict --help\n")]
    [InlineData("node --device gpu", "--device: expected auto, cpu[:all], cuda[:N|:all] or opencl[:N|:all], got 'gpu'.\nSee: trainer node --help\n")]
    [InlineData("up --device cuda:one", "--device: expected auto, cpu, cuda[:N] or opencl[:N], got 'cuda:one'.\nSee: trainer up --help\n")]
    [InlineData("train", "There is no command 'train'.\nSee: trainer --help\n")]
    [InlineData("sumbit job.yaml", "There is no command 'sumbit'. Did you mean 'submit'?\nSee: trainer --help\n")]
    [InlineData("data fecth fashion-mnist", "There is no command 'data fecth'. Did you mean 'fetch'?\nSee: trainer data --help\n")]
    [InlineData("submit job.yaml --folow", "trainer submit has no option '--folow'. Did you mean '--follow'?\nSee: trainer submit --help\n")]
    [InlineData("get one two", "'two' is one argument too many.\nSee: trainer get --help\n")]
    [InlineData("data", "trainer data needs a command: fetch, inspect, preview, import, push, list, delete.\nSee: trainer data --help\n")]
    [InlineData("jobs --limit", "--limit needs a value: --limit N.\nSee: trainer jobs --help\n")]
    [InlineData("jobs --output xml", "--output: expected text or json, got 'xml'.\nSee: trainer jobs --help\n")]
    [InlineData("predict some-job --limit all", "--limit: expected a whole number, got 'all'.\nSee: trainer predict --help\n")]
    public async Task What_is_wrong_with_a_command_line_is_said_and_exits_with_2(string arguments, string errors)
    {
        var run = await CommandRun.InAsync(_home.Path, arguments.Split(' '));

        Assert.Equal(2, run.ExitCode);
        Assert.Equal(errors, run.Errors);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task A_node_without_a_cluster_and_a_coordinator_without_a_token_are_refused()
    {
        var node = await CommandRun.InAsync(_home.Path, "node");
        var coordinator = await CommandRun.InAsync(_home.Path, "coordinator", "--store", _home["store"], "--artifacts", _home["jobs"]);

        Assert.Equal((2, "This node has no cluster to join.\nGive it --seed for every coordinator, or the --run-folder of a local cluster.\n"), (node.ExitCode, node.Errors));
        Assert.Equal(
            (2, "Anybody could call this coordinator: it has no token.\nGive it --run-folder or --token-file; or, to have it so, --insecure.\n"),
            (coordinator.ExitCode, coordinator.Errors));
    }

    [Fact]
    public async Task Errors_are_json_when_output_is()
    {
        var run = await CommandRun.InAsync(_home.Path, "jobs", "--output", "json");

        Assert.Equal(3, run.ExitCode);
        Assert.Empty(run.Output);
        var error = System.Text.Json.Nodes.JsonNode.Parse(run.Errors)!;
        Assert.Equal($"No cluster is running here ({_home["run"]} has no living coordinator).", (string?)error["error"]);
        Assert.Equal(3, (int?)error["exit_code"]);
    }

    [Theory]
    [InlineData(null, null, "/home/ada", "/home/ada/.local/state/trainer/run")]
    [InlineData(null, "/state", "/home/ada", "/state/trainer/run")]
    [InlineData(null, "relative/is/ignored", "/home/ada", "/home/ada/.local/state/trainer/run")]
    [InlineData("/t", "/state", "/home/ada", "/t/run")]
    public void The_local_folders_follow_the_environment(string? trainerHome, string? state, string? home, string run)
    {
        var variables = new Dictionary<string, string?> { ["TRAINER_HOME"] = trainerHome, ["XDG_STATE_HOME"] = state, ["HOME"] = home };

        Assert.Equal(run, Cli.Home.LocalFolders.Of(variables.GetValueOrDefault).Run);
    }

    private static IEnumerable<Command> Descendants(Command command) => command.Subcommands.SelectMany(child => Descendants(child).Prepend(child));

    /// <summary>Lines that end with a backslash go on.</summary>
    private static IEnumerable<string> Joined(IEnumerable<string> lines) =>
        string.Join('\n', lines).Replace("\\\n", "", StringComparison.Ordinal).Split('\n');
}
