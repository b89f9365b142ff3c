using System.Text;
using System.Text.Json.Nodes;

namespace Trainer.Image;

/// <summary>Who one is for a registry: by the variables that the SDK's container targets know, or by Docker's file of logins.</summary>
internal static class Login
{
    /// <returns>USER:PASSWORD in base64; null where there is none.</returns>
    public static string? For(string registry, Func<string, string?> variable)
    {
        if (variable("DOTNET_CONTAINER_REGISTRY_UNAME") is { Length: > 0 } user)
        {
            return Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{variable("DOTNET_CONTAINER_REGISTRY_PWORD")}"));
        }

        var folder = variable("DOCKER_CONFIG") ?? Path.Combine(variable("HOME") ?? "/", ".docker");
        var file = Path.Combine(folder, "config.json");
        if (!File.Exists(file))
        {
            return null;
        }

        var config = JsonNode.Parse(File.ReadAllText(file))!;
        if ((string?)config["auths"]?[registry == "docker.io" ? "https://index.docker.io/v1/" : registry]?["auth"] is { Length: > 0 } login)
        {
            return login;
        }

        var store = (string?)config["credHelpers"]?[registry] ?? (string?)config["credsStore"];
        return store is null ? null : throw new InvalidDataException(
            $"{file} has no login for {registry} itself: docker-credential-{store} keeps it, which is not asked. Set DOTNET_CONTAINER_REGISTRY_UNAME and DOTNET_CONTAINER_REGISTRY_PWORD");
    }
}
