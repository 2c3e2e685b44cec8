//! The derive macro that fingerprints message types of Trunkline.
//!
//! Use it through `trunkline_protocol::Contract`; this crate only holds the code that must live
//! in a proc-macro crate.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{Data, DeriveInput, Fields, parse_macro_input};

/// Derives `Contract`: a constant over the names, order and shapes of all fields and variants.
///
/// A recursive type does not compile, because its shape would have to contain itself. That is
/// wanted: a decoder that recurses on a peer's bytes can be made to overflow the stack.
#[proc_macro_derive(Contract)]
pub fn derive_contract(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    match expand(&input) {
        Ok(tokens) => tokens.into(),
        Err(error) => error.to_compile_error().into(),
    }
}

fn expand(input: &DeriveInput) -> syn::Result<Tokens> {
    if let Some(parameter) = input.generics.type_params().next() {
        return Err(syn::Error::new_spanned(
            parameter,
            "a message type has one shape, so it cannot have type parameters",
        ));
    }
    let shape = match &input.data {
        Data::Struct(data) => of_fields(quote!(Shape::new("struct")), &data.fields),
        Data::Enum(data) => {
            data.variants
                .iter()
                .fold(quote!(Shape::new("enum")), |shape, variant| {
                    let name = variant.ident.to_string();
                    of_fields(quote!(#shape.name(#name)), &variant.fields)
                })
        }
        Data::Union(_) => {
            return Err(syn::Error::new_spanned(
                &input.ident,
                "a union has no contract",
            ));
        }
    };
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        impl #generics ::trunkline_protocol::Contract for #name #arguments #bounds {
            const SHAPE: ::trunkline_protocol::Shape = {
                use ::trunkline_protocol::Shape;
                #shape.end()
            };
        }
    })
}

/// Appends `fields` to the expression `shape`. Fields of a tuple are named by their place.
fn of_fields(shape: Tokens, fields: &Fields) -> Tokens {
    fields
        .iter()
        .enumerate()
        .fold(shape, |shape, (place, field)| {
            let name = field
                .ident
                .as_ref()
                .map_or_else(|| place.to_string(), ToString::to_string);
            let kind = &field.ty;
            quote!(#shape.field(#name, <#kind as ::trunkline_protocol::Contract>::SHAPE))
        })
}
