using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Tests.Store;

public sealed class MigrationsTests
{
    /// <summary>A coordinator of the release before still runs on the same database while another is already this one.</summary>
    [Theory]
    [InlineData("Sqlite")]
    [InlineData("Postgres")]
    public void They_only_add(string dialect)
    {
        var scripts = Migrations.Of(dialect);
        Assert.NotEmpty(scripts);
        Assert.All(scripts, script => Assert.DoesNotMatch(@"(?i)\b(DROP|RENAME|DELETE FROM|ALTER COLUMN|TRUNCATE)\b", script.Sql));
    }
}
