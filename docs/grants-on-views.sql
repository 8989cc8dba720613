-- `npm run docs` writes this file from the declarations of the views. Run it after the statements of grants.md.
GRANT SELECT, INSERT, UPDATE ON
  category_metrics_view,
  customer_loyalty,
  customer_ltv_view,
  daily_sales_by_branch,
  hourly_sales_view,
  minute_sales_view,
  product_sales_daily,
  product_sales_view,
  unique_customers_daily
  TO consumer_service;
GRANT SELECT, INSERT ON
  customers_daily,
  orders_read,
  products_read
  TO consumer_service;
