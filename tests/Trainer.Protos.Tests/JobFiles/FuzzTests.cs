namespace Trainer.Protos.Tests.JobFiles;

/// <summary>Job files cut off and damaged anywhere are read or refused with their name; nothing else happens.</summary>
public sealed class FuzzTests
{
    private const int Seed = 20261123;
    private const int Mutations = 300;
    private const string Pieces = "{}[]:-,#&*!|>'\"%@` \n\t$0x~.\0\u0085é";

    [Theory]
    [InlineData("lenet-layers.yaml")]
    [InlineData("vgg11-blocks.yaml")]
    public void Examples_in_pieces(string example)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Folder("examples"), example));
        Assert.False(IsRefused(text));
        for (var length = 0; length < text.Length; length += 7)
        {
            IsRefused(text[..length]);
        }

        var random = new Random(Seed);
        var refused = 0;
        for (var i = 0; i < Mutations; i++)
        {
            var bad = text.ToCharArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                bad[random.Next(bad.Length)] = Pieces[random.Next(Pieces.Length)];
            }

            refused += IsRefused(new string(bad)) ? 1 : 0;
        }

        Assert.InRange(refused, 1, Mutations);
    }

    [Theory]
    [InlineData('[')]
    [InlineData('{')]
    [InlineData('-')]
    public void Depth_is_refused(char open) => Assert.True(IsRefused("model: {layers: " + new string(open, 20_000)));

    private static bool IsRefused(string text)
    {
        try
        {
            JobFile.Parse(text, "damaged.yaml");
            return false;
        }
        catch (JobFileException refused)
        {
            Assert.Contains("damaged.yaml", refused.Message, StringComparison.Ordinal);
            return true;
        }
    }
}
