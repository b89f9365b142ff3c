using Trainer.Kernels.Tests.GpuCheck;
using Xunit.Runner.InProc.SystemConsole;

// The tests; or, as the archive of tests/gpu-check calls it, what a machine with a GPU is checked by.
return args switch
{
    ["gpu-check", .. var rest] => await GpuCheckCommand.RunAsync(rest),
    _ => await ConsoleRunner.Run(args),
};
