"""The modules of Django's test suite that reach the ORM, in groups that share one process.

Left out are ``fixtures`` and ``fixtures_regress``: they load core rows by a child's ``loaddata``,
which is meant to leave core as it is. Not every version of Django has every module.
"""

GROUPS = tuple(
    tuple(group.split())
    for group in (
        """
        aggregation aggregation_regress annotations async_queryset basic bulk_create composite_pk
        constraints custom_columns custom_managers custom_methods custom_pk
        """,
        """
        datatypes dates datetimes db_functions defer defer_regress delete delete_regress
        distinct_on_fields empty_models expressions expressions_case expressions_window extra_regress
        filtered_relation force_insert_update foreign_object from_db_value generic_relations
        generic_relations_regress
        """,
        """
        generic_views get_earliest_or_latest get_object_or_404 get_or_create known_related_objects lookup
        m2m_and_m2o m2m_intermediary m2m_multiple m2m_recursive m2m_regress m2m_signals m2m_through
        m2m_through_regress m2o_recursive managers_regress many_to_many many_to_one many_to_one_null
        """,
        """
        model_fields model_forms model_formsets model_formsets_regress model_inheritance
        model_inheritance_regress model_meta model_regress mutually_referential nested_foreign_keys null_fk
        null_fk_ordering null_queries one_to_one or_lookups order_with_respect_to ordering pagination
        prefetch_related properties proxy_model_inheritance proxy_models
        """,
        """
        queries queryset_pickle raw_query reserved_names reverse_lookup save_delete_hooks select_for_update
        select_related select_related_onetoone select_related_regress serializers signals string_lookup
        swappable_models timezones transactions unmanaged_models update update_only_fields validation
        """,
        """
        admin_changelist admin_filters admin_ordering admin_utils admin_widgets admin_inlines
        syndication_tests forms_tests
        """,
    )
)
