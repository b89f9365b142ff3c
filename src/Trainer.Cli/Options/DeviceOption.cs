using System.CommandLine;
using Trainer.Kernels.Devices;

namespace Trainer.Cli.Options;

/// <summary>--device of commands that compute.</summary>
internal static class DeviceOption
{
    public static Option<string> Create(string usual, string description) => Create(usual, description, DeviceName.Expected, text => DeviceName.TryParse(text) is not null);

    /// <param name="expected">What it takes, for people.</param>
    public static Option<string> Create(string usual, string description, string expected, Func<string, bool> takes)
    {
        var device = new Option<string>("--device")
        {
            Description = $"{description}: {expected}; 'trainer devices' lists them.",
            HelpName = "DEVICE",
            DefaultValueFactory = _ => usual,
        };
        device.Validators.Add(given =>
        {
            if (given.Tokens is [var token] && !takes(token.Value))
            {
                given.AddError($"--device: expected {expected}, got '{token.Value}'.");
            }
        });
        return device;
    }
}
