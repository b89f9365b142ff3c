using Trainer.Cli;

using var interruption = new Interruption();
return await CommandLine.RunAsync(args, Shell.OfThisProcess(), interruption.Token);
