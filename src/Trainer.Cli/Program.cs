using Trainer.Cli;
using Trainer.Cli.Output;

using var interruption = new Interruption();
return await Application.RunAsync(args, Shell.OfThisProcess(), interruption.Token);
