/**
 * The views of this release, each with the revision of its declaration. Query-service says that one of them lacks history unless
 * the read database calls this revision, or a later one, complete. So a view is named even if nobody has registered it yet.
 */
export const viewRevisions: Readonly<Record<string, number>> = {
  category_metrics_view: 1,
  customer_loyalty: 1,
  customer_ltv_view: 1,
  daily_sales_by_branch: 1,
  hourly_sales_view: 1,
  minute_sales_view: 1,
  orders_read: 1,
  product_sales_daily: 1,
  product_sales_view: 1,
  products_read: 1,
  unique_customers_daily: 1,
};

/**
 * Views that this release has removed. Its consumers fill them no more, so the read database marks them as lacking history until
 * the contract step deletes their rows. Services of this release ignore the marks. Those of the earlier one must report them,
 * because they still answer from these views.
 */
export const retiredViews: readonly string[] = [];
