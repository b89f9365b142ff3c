using System.Collections;
using System.Reflection;
using System.Text.Json;

namespace Trainer.Kernels.Schema;

/// <summary>
/// The options of a class as the class itself tells them: the parameters of its constructor, which are required unless they have a default, and the properties that can be
/// initialised. What a file leaves out stays as the class has it.
/// </summary>
internal sealed class OptionSchema
{
    private readonly ConstructorInfo _constructor;
    private readonly Option[] _parameters;

    public OptionSchema(Type type)
    {
        Type = type;
        _constructor = type.GetConstructors().Single();
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => !property.IsDefined(typeof(BesideKindAttribute)))
            .ToDictionary(property => property.Name, StringComparer.OrdinalIgnoreCase);
        _parameters = [.. _constructor.GetParameters().Select(parameter => properties.Remove(parameter.Name!, out var property)
            ? new Option(property, parameter)
            : throw new NotSupportedException($"{type} has no property that tells its parameter {parameter.Name}."))];
        var initialised = properties.Values.Where(property => property.SetMethod is { IsPublic: true })
            .OrderBy(property => Depth(property.DeclaringType)).ThenBy(property => property.MetadataToken)
            .Select(property => new Option(property, null));
        Options = [.. _parameters.Concat(initialised).Where(option => option.IsInFiles)];
    }

    public Type Type { get; }

    /// <summary>Those of the constructor first, then those of base classes.</summary>
    public IReadOnlyList<Option> Options { get; }

    /// <exception cref="ModelException">With the path of the option and what is wrong with it.</exception>
    public object Read(JsonValue value)
    {
        var fields = value.Fields();
        var given = Options.Where(option => fields.ContainsKey(option.Name)).ToDictionary(option => option, option => option.Form.Read(fields[option.Name]));
        var instance = Make(option => given.TryGetValue(option, out var read) ? read
            : option.IsRequired ? throw value.Member(option.Name).Refuse("missing")
            : option.Standard);
        RefuseUnknown(fields);
        foreach (var (option, read) in given.Where(pair => pair.Key.Parameter is null))
        {
            option.Set(instance, read);
        }

        return instance;
    }

    /// <summary>Writes the options that differ from what the class has without them.</summary>
    public void Write(Utf8JsonWriter json, object instance)
    {
        var standard = Make(option => option.IsRequired ? option.Get(instance) : option.Standard);
        foreach (var option in Options)
        {
            if (option.Get(instance) is { } value && (option.IsRequired || !IsSame(value, option.Get(standard))))
            {
                json.WritePropertyName(option.Name);
                option.Form.Write(json, value);
            }
        }
    }

    /// <summary>An object with these arguments of the constructor, and else as the class makes it.</summary>
    public object Make(Func<Option, object?> argument) =>
        _constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, [.. _parameters.Select(argument)], null);

    private static int Depth(Type? type) => type is null ? 0 : 1 + Depth(type.BaseType);

    private static bool IsSame(object value, object? standard) => value.Equals(standard) || (value is ICollection { Count: 0 } && standard is ICollection { Count: 0 });

    private void RefuseUnknown(OrderedDictionary<string, JsonValue> fields)
    {
        var known = Options.Select(option => option.Name).ToList();
        if (fields.FirstOrDefault(field => !known.Contains(field.Key)) is { Value: { } unknown, Key: var name })
        {
            throw unknown.Refuse($"no such option{DidYouMean.Hint(name, known)}");
        }
    }
}
