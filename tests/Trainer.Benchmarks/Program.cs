using Trainer.Benchmarks;
using Trainer.Benchmarks.Reduction;
using Trainer.Benchmarks.Simulation;

// dotnet run -c Release --project tests/Trainer.Benchmarks -- VERB [options]
return args switch
{
    ["allreduce", .. var rest] => AllReduceCommand.Run(rest),
    ["training", .. var rest] => TrainingCommand.Run(rest),
    ["data", .. var rest] => DataCommand.Run(rest),
    ["precision", .. var rest] => PrecisionCommand.Run(rest),
    ["simulate", .. var rest] => SimulateCommand.Run(rest),
    ["networks", ..] => NetworksCommand.Run(args),
    ["hashes"] => HashesCommand.Run(),
    _ => KernelCommand.Run(args),
};
