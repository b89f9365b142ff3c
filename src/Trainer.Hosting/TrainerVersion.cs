using System.Reflection;

namespace Trainer.Hosting;

/// <summary>Which release this program is.</summary>
public static class TrainerVersion
{
    /// <summary>As in CHANGELOG.md: 0.3.0.</summary>
    public static string Current { get; } = typeof(TrainerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
