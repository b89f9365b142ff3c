using System.Globalization;

namespace Trainer.Cli.Models;

/// <summary>Predictions as lines of a table, one after another as they come: its columns are as wide as the names that may stand in them.</summary>
/// <param name="names">Of classes, by label; empty: they have none.</param>
/// <param name="nameOf">An image.</param>
internal sealed class PredictionText(IReadOnlyList<string> names, Func<int, string> nameOf, int images)
{
    private const string Image = "IMAGE";
    private const string Class = "CLASS";

    private readonly int _image = Enumerable.Range(0, images).Select(image => nameOf(image).Length).Append(Image.Length).Max();
    private readonly int _class = names.Select(name => name.Length).Append(Class.Length).Max();

    public string Header => $"{Image.PadRight(_image)}  {Class.PadRight(_class)}  PROBABILITY";

    public string Of(Prediction prediction) => string.Join(Environment.NewLine, prediction.Guesses.Select((guess, number) => string.Create(
        CultureInfo.InvariantCulture, $"{(number == 0 ? nameOf(prediction.Image) : "").PadRight(_image)}  {NameOf(guess.Class, names).PadRight(_class)}  {guess.Probability:0.0000}")));

    /// <summary>A class's name; its number where it has none.</summary>
    public static string NameOf(int label, IReadOnlyList<string> names) => label < names.Count ? names[label] : label.ToString(CultureInfo.InvariantCulture);
}
