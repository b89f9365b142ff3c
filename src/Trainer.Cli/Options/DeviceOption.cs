using System.CommandLine;
using Trainer.Kernels.Devices;

namespace Trainer.Cli.Options;

/// <summary>--device of commands that compute.</summary>
internal static class DeviceOption
{
    public static Option<string> Create(string usual, string description)
    {
        var device = new Option<string>("--device")
        {
            Description = $"{description}: {DeviceName.Expected}; 'trainer devices' lists them.",
            HelpName = "DEVICE",
            DefaultValueFactory = _ => usual,
        };
        device.Validators.Add(given =>
        {
            if (given.Tokens is [var token] && DeviceName.TryParse(token.Value) is null)
            {
                given.AddError($"--device: expected {DeviceName.Expected}, got '{token.Value}'.");
            }
        });
        return device;
    }
}
