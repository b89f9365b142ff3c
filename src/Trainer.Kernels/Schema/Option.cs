using System.Reflection;
using System.Runtime.CompilerServices;

namespace Trainer.Kernels.Schema;

/// <summary>One option of a class: a public property that gets its value when an object is made.</summary>
internal sealed class Option
{
    private readonly PropertyInfo _property;
    private readonly Lazy<ValueForm> _form;

    /// <param name="property">Holds the value.</param>
    /// <param name="parameter">Of the constructor that takes it; null: it is initialised by itself.</param>
    public Option(PropertyInfo property, ParameterInfo? parameter)
    {
        _property = property;
        Parameter = parameter;
        Name = property.GetCustomAttribute<OptionAttribute>()?.Name ?? SnakeCase.Of(property.Name);
        _form = new Lazy<ValueForm>(() => ValueForm.Of(property.PropertyType)); // later, since containers hold containers
    }

    /// <summary>In job files.</summary>
    public string Name { get; }

    public ParameterInfo? Parameter { get; }

    public ValueForm Form => _form.Value;

    public bool IsInFiles => !_property.IsDefined(typeof(NotInFilesAttribute));

    /// <summary>Whether no object can be made without it.</summary>
    public bool IsRequired => Parameter is { HasDefaultValue: false } && !TakesAnyNumber;

    /// <summary>What the constructor is given where a file says nothing.</summary>
    public object? Standard => TakesAnyNumber ? ((ListForm)Form).Empty : Parameter!.DefaultValue;

    private bool TakesAnyNumber => Parameter is { } parameter && (parameter.IsDefined(typeof(ParamCollectionAttribute)) || parameter.IsDefined(typeof(ParamArrayAttribute)));

    public object? Get(object owner) => _property.GetValue(owner);

    public void Set(object owner, object value) => _property.SetValue(owner, value);
}
