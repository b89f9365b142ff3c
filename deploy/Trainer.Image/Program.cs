using System.Globalization;
using System.Text.Json.Nodes;
using Trainer.Image;

// For deploy/image alone, which says what it wants by position.
try
{
    switch (args)
    {
        case ["base", var folder, var architecture]:
            await using (var server = await BaseServer.StartAsync(BaseImage.Of(folder, architecture)))
            {
                Console.WriteLine($"localhost:{new Uri(server.Urls.First()).Port}/{BaseServer.Name}:{architecture}");
                await Console.In.ReadToEndAsync(); // until deploy/image closes it
            }

            return 0;
        case ["sbom", var bom, var assets, var time, .. var packages]:
            var complete = Sbom.Complete(JsonNode.Parse(File.ReadAllText(bom))!, JsonNode.Parse(File.ReadAllText(assets))!, [.. packages.Select(File.ReadAllText)], Time(time));
            File.WriteAllText(bom, complete.ToJsonString(new() { WriteIndented = true }));
            return 0;
        case ["seal", var archive, var to, var time, .. var names]:
            var image = Sealing.Seal(Archive.Image(Archive.Read(archive)), Time(time));
            Archive.Write(to, image, names, Time(time));
            var (compressed, unpacked) = image.Size();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{image.Manifest.Digest} {compressed / 1e6:F1} {unpacked / 1e6:F1}"));
            return 0;
        case ["push", var archive, var repository, .. var tags]:
            using (var registry = new Registry(repository, Login.For(repository.Split('/')[0], Environment.GetEnvironmentVariable)))
            {
                await registry.PushAsync(Archive.Image(Archive.Read(archive)), tags);
            }

            return 0;
        default:
            Console.Error.WriteLine($"Trainer.Image does not know '{string.Join(' ', args)}'");
            return 2;
    }
}
catch (Exception failure) when (failure is InvalidDataException or HttpRequestException or IOException)
{
    Console.Error.WriteLine(failure.Message);
    return 1;
}

static DateTimeOffset Time(string seconds) => DateTimeOffset.FromUnixTimeSeconds(long.Parse(seconds, CultureInfo.InvariantCulture));
