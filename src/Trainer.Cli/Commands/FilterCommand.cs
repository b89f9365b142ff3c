using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json.Nodes;
using Trainer.Cli.Errors;
using Trainer.Cli.Filters;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Kernels;
using Trainer.Kernels.Data.Pictures;
using Trainer.Kernels.Devices.Cpu;

namespace Trainer.Cli.Commands;

/// <summary>trainer filter PICTURE</summary>
internal static class FilterCommand
{
    public static Command Create(Shell shell)
    {
        var picture = new Argument<string>("PICTURE") { Description = "A PNG, JPEG, WebP or BMP." };
        var kernel = new Option<FilterKernel>("--kernel")
        {
            Description = $"{string.Join(", ", FilterKernel.Names)}, or rows of numbers with semicolons between them. It is laid on as it is, not turned around.",
            HelpName = "NAME|ROWS",
            Required = true,
            CustomParser = ParseKernel,
        };
        var to = new Option<string>("--to") { Description = "The PNG to write.", HelpName = "FILE", Required = true };
        var stride = Size("--stride", "Pixels from one place of the kernel to the next, down and to the right. Default: 1.", least: 1);
        var padding = Size("--padding", "Rows and columns of black on each side. Default: 0; the picture loses a border.", least: 0);
        var dilation = Size("--dilation", "Pixels from one number of the kernel to the next. Default: 1.", least: 1);
        var gray = new Option<bool>("--gray") { Description = "Without colours; else red, green and blue are filtered each by itself." };
        var show = new Option<string?>("--show")
        {
            Description = "How results become bytes. absolute: their distance from 0; clamp: below 0 is black; center: 0 is gray (128). Default: absolute where the kernel adds up to 0, else clamp.",
            HelpName = "absolute|clamp|center",
        };
        show.AcceptOnlyFromAmong([.. Enum.GetNames<Visible>().Select(name => name.ToLowerInvariant())]);
        kernel.CompletionSources.Add([.. FilterKernel.Names]);
        var force = new Option<bool>("--force") { Description = "Replace a file that is there." };
        var threads = ThreadsOption.Create();
        var command = new TrainerCommand("filter", "Lays a kernel over a picture, as a convolution's first layer does, and writes what it sees.")
        {
            Examples =
            [
                "trainer filter cat.jpg --kernel sobel --gray --to edges.png",
                "trainer filter cat.jpg --kernel \"1,0,-1;2,0,-2;1,0,-1\" --show center --to slopes.png",
                "trainer filter cat.jpg --kernel blur --stride 2 --padding 1 --to half.png",
            ],
            Arguments = { picture },
            Options = { kernel, to, stride, padding, dilation, gray, show, force, threads },
        };
        command.SetAction((parsed, stop) =>
        {
            var (path, file, chosen) = (parsed.GetValue(picture)!, Path.GetFullPath(parsed.GetValue(to)!), parsed.GetValue(kernel)!);
            NewFile.RequirePlace(file, parsed.GetValue(force), "give another file with --to");
            var visible = parsed.GetValue(show) is { } name ? Enum.Parse<Visible>(name, ignoreCase: true) : chosen.IsDifference ? Visible.Absolute : Visible.Clamp;
            var options = new FilterOptions(chosen, parsed.GetValue(stride) ?? 1, parsed.GetValue(padding) ?? 0, parsed.GetValue(dilation) ?? 1, parsed.GetValue(gray), visible);
            using var device = parsed.GetValue(threads) is > 0 and var count ? CpuDevice.Create(count) : CpuDevice.Create();
            var filtered = PictureFilter.Run(device, path, options, stop);
            PngFile.Write(file, filtered.Picture);
            Printer.Of(parsed, shell).Say(() => Json(file, options, filtered), () => Sentence(file, options, filtered));
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static string Sentence(string file, FilterOptions options, Filtered filtered) => string.Create(
        CultureInfo.InvariantCulture,
        $"{file} has {filtered.Picture.Width}x{filtered.Picture.Height} pixels{(options.Gray ? " of gray" : "")}. The kernel gave {filtered.Lowest:0.###} to {filtered.Highest:0.###}, shown {Words(options.Visible)}; {100 * filtered.Clipped:0.#} % were cut off at 0 or 255.");

    private static string Words(Visible visible) => visible switch
    {
        Visible.Absolute => "by their distance from 0 (--show absolute)",
        Visible.Center => "with 0 as gray (--show center)",
        _ => "as they are (--show clamp)",
    };

    private static JsonObject Json(string file, FilterOptions options, Filtered filtered) => new()
    {
        ["file"] = file,
        ["width"] = filtered.Picture.Width,
        ["height"] = filtered.Picture.Height,
        ["channels"] = filtered.Picture.Channels,
        ["lowest"] = JsonNumber.Of(filtered.Lowest),
        ["highest"] = JsonNumber.Of(filtered.Highest),
        ["clipped"] = JsonNumber.Of(filtered.Clipped),
        ["show"] = options.Visible.ToString().ToLowerInvariant(),
    };

    private static FilterKernel? ParseKernel(ArgumentResult given)
    {
        try
        {
            return FilterKernel.Parse(given.Tokens[0].Value);
        }
        catch (FormatException wrong)
        {
            given.AddError($"--kernel: {wrong.Message}");
            return null;
        }
    }

    private static Option<Size2?> Size(string name, string description, int least) => new(name)
    {
        Description = description,
        HelpName = "N|N,M",
        CustomParser = given =>
        {
            var text = given.Tokens[0].Value;
            int[] numbers = [.. text.Split(',').Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1)];
            if (numbers.Length <= 2 && Array.TrueForAll(numbers, number => number >= least && number <= PictureFilter.MostPixels))
            {
                return new Size2(numbers[0], numbers[^1]);
            }

            given.AddError($"{name}: expected a whole number of at least {least}, or two (rows, columns: 2,1), got '{text}'.");
            return null;
        },
    };
}
