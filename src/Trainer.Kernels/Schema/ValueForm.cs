using System.Collections.Concurrent;
using System.Text.Json;

namespace Trainer.Kernels.Schema;

/// <summary>How the values of one C# type stand in a job's JSON form, both ways.</summary>
internal abstract class ValueForm
{
    private static readonly ConcurrentDictionary<Type, ValueForm> Known = new()
    {
        [typeof(int)] = new WholeForm(),
        [typeof(ulong)] = new UnsignedForm(),
        [typeof(double)] = new RealForm(),
        [typeof(bool)] = new FlagForm(),
        [typeof(string)] = new TextForm(),
        [typeof(Size2)] = new Size2Form(),
        [typeof(Sides)] = new SidesForm(),
    };

    /// <summary>In plural, as in "a list of numbers".</summary>
    public abstract string Plural { get; }

    /// <summary>An abstract class is a family of kinds, another one an object of options.</summary>
    public static ValueForm Of(Type type) => Known.GetOrAdd(type, static type => type switch
    {
        _ when Nullable.GetUnderlyingType(type) is { } value => Of(value),
        { IsEnum: true } => new WordForm(type),
        { IsGenericType: true } when type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) => new ListForm(type.GetGenericArguments()[0]),
        { IsAbstract: true, IsClass: true } => new KindForm(type),
        { IsClass: true } => new ObjectForm(type),
        _ => throw new NotSupportedException($"Job files have no form for values of {type}."),
    });

    /// <exception cref="ModelException">With the value's path and what is wrong with it.</exception>
    public abstract object Read(JsonValue value);

    public abstract void Write(Utf8JsonWriter json, object value);
}
