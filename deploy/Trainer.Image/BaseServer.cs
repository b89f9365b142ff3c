namespace Trainer.Image;

/// <summary>A registry on the loopback that holds one image, from which the SDK takes it as its base: the reads of the OCI distribution specification.</summary>
internal static class BaseServer
{
    public const string Name = "base";

    /// <summary>Serves at a free port until disposed.</summary>
    public static async Task<WebApplication> StartAsync(Oci image)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        var blobs = image.Layers.Append(image.Config).ToDictionary(blob => blob.Digest, StringComparer.Ordinal);
        server.MapMethods("/v2/", [HttpMethods.Get], () => Results.Ok());
        server.MapMethods($"/v2/{Name}/manifests/{{reference}}", [HttpMethods.Get, HttpMethods.Head], (HttpResponse response) =>
        {
            response.Headers["Docker-Content-Digest"] = image.Manifest.Digest;
            return Results.Bytes(image.Manifest.Bytes, image.Manifest.MediaType);
        });
        server.MapMethods($"/v2/{Name}/blobs/{{digest}}", [HttpMethods.Get, HttpMethods.Head], (string digest) =>
            blobs.TryGetValue(digest, out var blob) ? Results.Bytes(blob.Bytes, "application/octet-stream") : Results.NotFound());
        await server.StartAsync();
        return server;
    }
}
