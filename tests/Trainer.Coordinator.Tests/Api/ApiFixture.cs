using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>One coordinator without workers for all tests of a class, and a job that it takes.</summary>
public sealed class ApiFixture : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    internal TestCoordinator Coordinator { get; private set; } = null!;

    public JobSpec Spec { get; private set; } = null!;

    public string Folder => _folder.Path;

    public async ValueTask InitializeAsync()
    {
        Spec = SmallData.Spec(_folder.Path);
        Coordinator = await TestCoordinator.StartAsync(_folder.Path);
        await Coordinator.AwaitWorkersAsync(0);
    }

    public async ValueTask DisposeAsync()
    {
        await Coordinator.DisposeAsync();
        _folder.Dispose();
    }
}
