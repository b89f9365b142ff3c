using System.Globalization;
using System.Xml;

namespace Trainer.Cli.Plots;

/// <summary>A drawing as SVG: plain shapes and text, without styles or scripts, which every reader of SVG knows.</summary>
internal static class SvgFile
{
    private const string Namespace = "http://www.w3.org/2000/svg";

    public static void Write(Stream stream, Drawing drawing)
    {
        using var xml = XmlWriter.Create(stream, new XmlWriterSettings { Indent = true });
        xml.WriteStartElement("svg", Namespace);
        Attributes(xml, ("width", drawing.Width), ("height", drawing.Height));
        xml.WriteAttributeString("viewBox", $"0 0 {Number(drawing.Width)} {Number(drawing.Height)}");
        xml.WriteAttributeString("role", "img");
        xml.WriteAttributeString("font-family", PlotFont.Families);
        xml.WriteElementString("title", Namespace, drawing.Title);
        foreach (var shape in drawing.Shapes)
        {
            Write(xml, shape);
        }

        xml.WriteEndElement();
    }

    private static void Write(XmlWriter xml, Shape shape)
    {
        switch (shape)
        {
            case Box box:
                Begin(xml, "rect", "fill", shape);
                Attributes(xml, ("x", box.Corner.X), ("y", box.Corner.Y), ("width", box.Width), ("height", box.Height));
                break;
            case Dot dot:
                Begin(xml, "circle", "fill", shape);
                Attributes(xml, ("cx", dot.Centre.X), ("cy", dot.Centre.Y), ("r", dot.Radius));
                break;
            case Stroke path:
                Begin(xml, "polyline", "stroke", shape);
                xml.WriteAttributeString("fill", "none");
                xml.WriteAttributeString("stroke-linejoin", "round");
                Attributes(xml, [("stroke-width", path.Thickness), .. path.Opacity < 1 ? [("stroke-opacity", path.Opacity)] : Array.Empty<(string, double)>()]);
                Attributes(xml, path.Dash > 0 ? [("stroke-dasharray", path.Dash)] : []);
                xml.WriteAttributeString("points", string.Join(' ', path.Points.Select(point => $"{Number(point.X)},{Number(point.Y)}")));
                break;
            case Label label:
                Begin(xml, "text", "fill", shape);
                Attributes(xml, ("x", label.At.X), ("y", label.At.Y), ("font-size", label.Size));
                xml.WriteAttributeString("text-anchor", label.Anchor.ToString().ToLowerInvariant());
                xml.WriteString(label.Text);
                break;
        }

        xml.WriteEndElement();
    }

    private static void Begin(XmlWriter xml, string element, string paint, Shape shape)
    {
        xml.WriteStartElement(element, Namespace);
        xml.WriteAttributeString(paint, shape.Colour);
    }

    private static void Attributes(XmlWriter xml, params IEnumerable<(string Name, double Value)> attributes)
    {
        foreach (var (name, value) in attributes)
        {
            xml.WriteAttributeString(name, Number(value));
        }
    }

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
