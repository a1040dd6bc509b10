"""What the host writes about calls and orchestrations when it is asked to: rows as Application Insights has them."""
