using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Trainer.Dashboard;

/// <summary>
/// A job's page of the dashboard as one file, which opens without a network: its modules under names that an import map gives them, and answers of the API that were recorded.
/// </summary>
/// <remarks>A policy in the file lets it load and call nothing, and run no script but its own and what that loads: a script in text of a job lacks the nonce, which each file has anew.</remarks>
public static partial class ReportPage
{
    private const string Template = "report.html";
    private const string Module = "report.js";
    private const string Prefix = "trainer/";
    private const string Start = $"import '{Prefix}{Module}';";

    /// <param name="title">Of the page.</param>
    /// <param name="record">JSON that report.js reads: {id, time, version, answers}, answers by the path of the HTTP API.</param>
    public static string Compose(string title, string record)
    {
        var style = Text("style.css");
        var modules = JsonSerializer.Serialize(new { imports = Modules() }, Options);
        var nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        var policy = $"default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src {Hash(style)}; img-src data: blob:; base-uri 'none'; form-action 'none'";
        var parts = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["policy"] = policy,
            ["nonce"] = nonce,
            ["title"] = WebUtility.HtmlEncode(title),
            ["icon"] = Url("image/svg+xml", Text("icon.svg")),
            ["style"] = style,
            ["modules"] = modules,
            ["record"] = record.Replace("<", "\\u003c", StringComparison.Ordinal), // In JSON it stands in texts alone: none ends the element.
            ["start"] = Start,
        };
        return Place().Replace(Text(Template), place => parts[place.Groups["name"].Value]);
    }

    private static JsonSerializerOptions Options { get; } = new() { Encoder = JavaScriptEncoder.Default };

    /// <summary>The module that begins and all that it imports, at once or later, by name: data: URLs of sources in which ./dom.js is trainer/dom.js, since what is loaded by such a URL has no folder.</summary>
    private static SortedDictionary<string, string> Modules()
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var left = new Queue<string>([Module]);
        while (left.TryDequeue(out var module))
        {
            if (!found.ContainsKey(Prefix + module))
            {
                found[Prefix + module] = Url("text/javascript", Import().Replace(Text(module), import =>
                {
                    var name = new Uri(new Uri($"file:///{module}"), import.Groups["name"].Value).AbsolutePath[1..];
                    left.Enqueue(name);
                    return $"{import.Groups["begin"].Value}'{Prefix}{name}'";
                }));
            }
        }

        return found;
    }

    private static string Text(string name)
    {
        using var content = new MemoryStream(DashboardFiles.Find(name)!.Content.ToArray());
        using var text = new StreamReader(new GZipStream(content, CompressionMode.Decompress), Encoding.UTF8);
        return text.ReadToEnd();
    }

    private static string Url(string type, string text) => $"data:{type};charset=utf-8;base64,{Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}";

    private static string Hash(string text) => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}'";

    [GeneratedRegex(@"\{\{(?<name>[a-z]+)\}\}", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Place();

    [GeneratedRegex(@"(?<begin>\bfrom\s+|\bimport\s+|\bimport\(|\bimport\.meta\.resolve\()'(?<name>\.{1,2}/[^']+)'", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Import();
}
