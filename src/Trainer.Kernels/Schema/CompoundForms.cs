using System.Collections;
using System.Text.Json;

namespace Trainer.Kernels.Schema;

internal sealed class ListForm(Type item) : ValueForm
{
    private readonly ValueForm _item = Of(item);

    public override string Plural => "lists";

    public ValueForm Item => _item;

    public object Empty => Array.CreateInstance(item, 0);

    public override object Read(JsonValue value)
    {
        var expected = $"a list of {_item.Plural}";
        var items = (_item is WholeForm or UnsignedForm or RealForm ? value.Items(expected) : value.ItemsInBrackets(expected)).Select(_item.Read).ToList();
        var list = Array.CreateInstance(item, items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            list.SetValue(items[i], i);
        }

        return list;
    }

    public override void Write(Utf8JsonWriter json, object value)
    {
        json.WriteStartArray();
        foreach (var element in (IEnumerable)value)
        {
            _item.Write(json, element);
        }

        json.WriteEndArray();
    }
}

/// <summary>An object whose fields are the options of a class.</summary>
internal sealed class ObjectForm(Type type) : ValueForm
{
    public override string Plural => "objects";

    public OptionSchema Schema { get; } = new(type);

    public override object Read(JsonValue value) => Schema.Read(value);

    public override void Write(Utf8JsonWriter json, object value)
    {
        json.WriteStartObject();
        Schema.Write(json, value);
        json.WriteEndObject();
    }
}

/// <summary>An object that names one kind of a family and holds its options: <c>{"relu":{}}</c>.</summary>
internal sealed class KindForm(Type family) : ValueForm
{
    private readonly KindFamily _family = new(family);

    public override string Plural => "objects that each name a kind";

    public bool Is(Type type) => type == family;

    public override object Read(JsonValue value) => _family.Read(value);

    public override void Write(Utf8JsonWriter json, object value) => _family.Write(json, value);
}
