using Trainer.Cli.Local;
using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests;

/// <summary>trainer dashboard</summary>
public sealed class DashboardCommandTests : ClusterCommandTests
{
    [Fact]
    public async Task A_link_leads_to_the_coordinators_pages_with_a_code()
    {
        var elsewhere = await RunAsync("dashboard", "--url", "https://trainer.example.com/some/path");
        Assert.Equal(
            (0, "https://trainer.example.com/#/sign-in/trainer_code\nOpen it in a browser. It signs one browser in, once, within 5 minutes.\n"),
            (elsewhere.ExitCode, elsewhere.Output));
        var json = await RunAsync("dashboard", "--url", "http://localhost:8080", "--output", "json");
        Assert.Equal(0, json.ExitCode);
        Assert.StartsWith("{\"url\":\"http://localhost:8080/#/sign-in/trainer_code\",\"expire_time\":\"2025-11-24T16:00:00", json.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_pages_are_elsewhere_than_the_API_it_asks_where()
    {
        var refused = await RunAsync("dashboard", "--endpoint", Cluster.Endpoint);
        Assert.Equal(
            (2, "Where the dashboard is cannot be told from the API's address: in clear, pages have a port of their own.\nSay it with --url http://HOST:PORT (the coordinator's --http-port).\n"),
            (refused.ExitCode, refused.Errors));
    }

    /// <summary>Where there is no display no browser is started, and no file is left.</summary>
    [Fact]
    public void Without_a_display_nothing_is_opened()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux alone has no display at times.");
        Assert.False(Browser.Open("http://localhost/#/sign-in/x", Home["sign-in.html"], _ => null));
        Assert.False(File.Exists(Home["sign-in.html"]));
    }
}
