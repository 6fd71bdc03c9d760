from causeway.backends.base.operations import OperationsMixin
from causeway.backends.mysql.vehicles import MySQLVehiclesMixin


class MySQLOperationsMixin(MySQLVehiclesMixin, OperationsMixin):
    text_rules_sql = "SELECT @@collation_database"

    def dialect(self):
        # They differ in functions, in JSON above all.
        return "mariadb" if self.connection.mysql_is_mariadb else "mysql"
