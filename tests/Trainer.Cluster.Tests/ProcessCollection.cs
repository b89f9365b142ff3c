using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests;

/// <summary>Tests that start processes run one after another: the machine has two cores.</summary>
[CollectionDefinition("processes", DisableParallelization = true)]
public sealed class ProcessCollection : ICollectionFixture<FiveWorkers>;
