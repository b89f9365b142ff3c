using Trainer.Cluster.Tests.Chaos;
using Xunit.Runner.InProc.SystemConsole;

// The tests; or, as tests/chaos calls it, faults until a time is over.
return args is ["chaos", .. var rest] ? await ChaosCommand.RunAsync(rest) : await ConsoleRunner.Run(args);
