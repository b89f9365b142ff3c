using Trainer.Benchmarks;

return args switch
{
    ["allreduce", .. var rest] => AllReduceCommand.Run(rest),
    _ => throw new ArgumentException("expected a benchmark: allreduce", nameof(args)),
};
