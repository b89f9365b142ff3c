using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Trainer.Cli.Data;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Pictures;

namespace Trainer.Cli.Commands;

/// <summary>trainer data inspect PATH</summary>
internal static class DataInspectCommand
{
    private const int SheetColumns = 8;
    private const int SheetImages = 32;
    private const int MostShown = 5;

    public static Command Create(Shell shell)
    {
        var path = new Argument<string>("PATH") { Description = DataPlace.Description };
        var limit = new Option<int>("--limit") { Description = "Looks at so many images of each part.", HelpName = "N", DefaultValueFactory = _ => 10_000 };
        limit.Validators.Add(Numbers.AtLeast(1));
        var sheet = new Option<string?>("--sheet") { Description = "Writes a PNG with images from all over the training set.", HelpName = "FILE" };
        var command = new TrainerCommand("inspect", "Says what is in a data set of your own: classes, sizes, mean and deviation, what cannot be read, what is there twice.")
        {
            Examples = ["trainer data inspect ~/pictures", "trainer data inspect ~/pictures --sheet sheet.png --output json | jq .parts[0].mean"],
            Arguments = { path },
            Options = { limit, sheet },
        };
        command.SetAction((parsed, stop) =>
        {
            var (train, test) = DataPlace.Open(parsed.GetValue(path)!);
            var known = new Dictionary<string, string>(StringComparer.Ordinal);
            List<DataInspection> parts = [DataInspection.Of("train", train.Load(), parsed.GetValue(limit), known, stop)];
            if (test is not null)
            {
                parts.Add(DataInspection.Of("test", test.Load(), parsed.GetValue(limit), known, stop));
            }

            var place = parsed.GetValue(sheet) is { } file ? Path.GetFullPath(file) : null;
            if (place is not null)
            {
                WriteSheet(train, place);
            }

            Printer.Of(parsed, shell).Print(() => Json(parts, place), () => string.Join(Environment.NewLine, parts.Select(part => Text(part, shell.Width))));
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static void WriteSheet(DataSet train, string place)
    {
        var (reader, pictures) = (train.OpenReader(), new List<Picture>());
        for (var i = 0; i < Math.Min(SheetImages, train.Count); i++)
        {
            try
            {
                var picture = new Picture();
                reader.ReadPicture((int)((long)i * train.Count / Math.Min(SheetImages, train.Count)), epoch: 0).CopyTo(picture);
                pictures.Add(picture);
            }
            catch (DataFileException)
            {
                // It is among those that cannot be read, which the report names.
            }
        }

        PictureSheet.Write(place, pictures, SheetColumns);
    }

    private static string Text(DataInspection part, int? width) => Facts.Render(
    [
        (part.Part, Words.Plural(part.Images, "image")),
        ("classes", $"{part.Classes.Count}: {Some(part.Classes.Select(each => $"{each.Name} ({each.Images})"), part.Classes.Count)}"),
        ("looked at", Words.Plural(part.Read, "image")),
        ("sizes", Some(part.Sizes.Select(size => $"{size.Width}x{size.Height} ({size.Images})"), part.Sizes.Count)),
        ("mean", Numbers3(part.Mean)),
        ("std", Numbers3(part.Std)),
        ("cannot be read", part.Broken.Count == 0 ? "none" : $"{part.Broken.Count}: {Some(part.Broken, part.Broken.Count)}"),
        ("there twice", part.Duplicates.Count == 0 ? "none" : $"{part.Duplicates.Count}: {Some(part.Duplicates.Select(pair => $"{pair.Name} is {pair.Other}"), part.Duplicates.Count)}"),
    ], width);

    private static string Some(IEnumerable<string> all, int count) => string.Join(", ", all.Take(MostShown)) + (count > MostShown ? ", ..." : "");

    private static string Numbers3(IEnumerable<double> numbers) => string.Join(", ", numbers.Select(number => number.ToString("0.0000", CultureInfo.InvariantCulture)));

    private static JsonObject Json(IEnumerable<DataInspection> parts, string? sheet) => new()
    {
        ["parts"] = new JsonArray([.. parts.Select(part => new JsonObject
        {
            ["part"] = part.Part,
            ["images"] = part.Images,
            ["classes"] = new JsonObject(part.Classes.Select(each => KeyValuePair.Create(each.Name, (JsonNode?)each.Images))),
            ["read"] = part.Read,
            ["sizes"] = new JsonArray([.. part.Sizes.Select(size => new JsonObject { ["width"] = size.Width, ["height"] = size.Height, ["images"] = size.Images })]),
            ["mean"] = new JsonArray([.. part.Mean.Select(number => JsonNumber.Of(number))]),
            ["std"] = new JsonArray([.. part.Std.Select(number => JsonNumber.Of(number))]),
            ["broken"] = new JsonArray([.. part.Broken.Select(each => (JsonNode?)each)]),
            ["duplicates"] = new JsonArray([.. part.Duplicates.Select(pair => new JsonObject { ["name"] = pair.Name, ["other"] = pair.Other })]),
        })]),
        ["sheet"] = sheet,
    };
}
