using Trainer.Cluster.Tests.Chaos;
using Xunit.Runner.InProc.SystemConsole;

// The tests; or, as tests/chaos calls it, faults until a time is over; or, as tests/goodput does, what kills cost.
return args switch
{
    ["chaos", .. var rest] => await ChaosCommand.RunAsync(rest),
    ["goodput", .. var rest] => await GoodputCommand.RunAsync(rest),
    _ => await ConsoleRunner.Run(args),
};
