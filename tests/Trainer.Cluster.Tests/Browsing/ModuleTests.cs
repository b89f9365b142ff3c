using Trainer.Cluster.Tests.Deploy;

namespace Trainer.Cluster.Tests.Browsing;

/// <summary>What the dashboard's modules do that no browser is needed to see.</summary>
public sealed class ModuleTests
{
    [Fact]
    public async Task Modules_do_what_their_tests_say() =>
        await Programs.RunAsync(Programs.Need("node"), Path.Combine(Repository.Root, "tests", "browser", "modules.mjs"), Path.Combine(Repository.Root, "src", "Trainer.Dashboard", "wwwroot"));
}
