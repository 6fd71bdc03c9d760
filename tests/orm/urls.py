from django.urls import path

from tests.orm.admin import site

urlpatterns = [path("newsroom/", site.urls)]
